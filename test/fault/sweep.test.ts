// Every instruction of a typical program fails once, and ends the stage once; the runtime is killed after every step.
// Whatever happens, nothing is left: after `delete --force`, where the runtime itself had no chance.

import { spawnSync } from "node:child_process";
import * as fs from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { bundle, type Container, until } from "../container/bed.ts";
import { cgroupRoot, leftovers, stateOf } from "../container/leftovers.ts";
import { faultyBinary } from "./binary.mjs";

const MINUTES = 60_000;
/** In the emulated machine, which is slow and has the same programs, one instruction of four. */
const STEP = process.env.RUNT_VM === undefined ? 1 : 4;
const POINTS = [
  "spawn",
  "reserve",
  "writeRecord",
  "makeCgroup",
  "begin",
  "load",
  "writeConfig",
  "settle",
  "release",
  "hooks",
  "hook",
  "ended",
  "passwd",
  "ready",
  "writeInit",
];

let binary = "";

beforeAll(async () => {
  binary = await faultyBinary();
}, 10 * MINUTES);

function typical(): Container {
  return bundle((config, rootfs) => {
    fs.writeFileSync(join(rootfs, "bound"), "");
    const bind = { type: "none", options: ["rbind", "ro"] };
    config.mounts.push({ ...bind, destination: "/mnt/etc", source: join(rootfs, "etc") });
    config.mounts.push({ ...bind, destination: "/mnt/file", source: join(rootfs, "bound") });
    config.process.env = ["PATH=/bin"];
    const hook = { path: "/bin/true", timeout: 10 };
    config.hooks = { createRuntime: [hook], createContainer: [hook], poststop: [hook] };
    config.process.args = ["sleep", "1000"];
  });
}

/** A container that is there keeps what it inherits open, so that messages go to a file and not to a pipe. */
function runt({ dir, stateDir }: Container, args: readonly string[], fault = "none") {
  const messages = fs.openSync(join(dir, "messages"), "w+");
  const { status, signal } = spawnSync(binary, ["--root", stateDir, ...args], {
    cwd: dir,
    env: { ...process.env, RUNT_FAULT: fault },
    timeout: 60_000,
    stdio: ["ignore", messages, messages],
  });
  fs.closeSync(messages);
  return { status, signal, output: fs.readFileSync(join(dir, "messages"), "utf8") };
}

interface Line {
  readonly index: number;
  readonly text: string;
  /** Empty where the instruction comes from no field. */
  readonly pointer: string;
}

/** The program of `create`, as `explain` lists it with the same standard streams. */
function listing(container: Container): readonly Line[] {
  const lines = runt(container, ["explain"]).output.trimEnd().split("\n");
  return lines.map((text, index) => ({ index, text, pointer: / (\/\S+)$/.exec(text)?.[1] ?? "" }));
}

function left(container: Container): readonly string[] {
  const pidFile = join(container.dir, "pid");
  return [
    ...stateOf(container.stateDir).map((name) => `state: ${name}`),
    ...(fs.existsSync(pidFile) ? ["pid file"] : []),
    ...leftovers(container.id, container.dir),
  ];
}

/** What is wrong after a `create` in which this instruction was another. */
function problems(container: Container, kind: string, { index, text, pointer }: Line): readonly string[] {
  const fault = `${kind}:${index}`;
  const { status, output } = runt(container, ["create", "--pid-file", "pid", container.id], fault);
  const found: string[] = [];
  // A branch that this bundle does not take.
  if (status === 0) {
    runt(container, ["delete", "--force", container.id]);
    fs.rmSync(join(container.dir, "pid"), { force: true });
  } else {
    if (status !== 1 || !output.startsWith("runt: ")) found.push(`status ${status}: ${output}`);
    // Of what a hook does before it is executed, the error names its path.
    const named = pointer.startsWith("/hooks/") ? `runt: ${pointer}` : `runt: ${pointer}: `;
    if (kind === "fail" && pointer !== "" && !output.includes(named)) found.push(output);
  }
  return [...found, ...left(container)].map((problem) => `${fault}: ${text.trim()}: ${problem}`);
}

/** Unless it has ended by itself, where its last instruction was another, and has been reaped. */
function kill(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}

/** What is in the container's cgroup, beside its first process. */
function strangers(pid: number): readonly string[] {
  const path = /^0::(.*)$/m.exec(fs.readFileSync(`/proc/${pid}/cgroup`, "utf8"))?.[1] ?? "";
  const procs = fs
    .readFileSync(join(cgroupRoot(), path, "cgroup.procs"), "utf8")
    .trim()
    .split("\n");
  return procs.filter((other) => other !== String(pid)).map((other) => `process ${other}`);
}

describe("nothing is left of a process of exec", () => {
  const EXEC = ["exec", "--detach", "--pid-file", "pid"];
  const WHAT = ["--user", "1:2", "--env", "A=b", "--cwd", "/tmp"];

  test.each(["fail", "exit"])(
    "whose program has to %s at any instruction",
    async (kind) => {
      const container = typical();
      const words = [...EXEC, ...WHAT, container.id, "sleep", "1000"];
      expect(runt(container, ["run", "--detach", container.id])).toMatchObject({ status: 0 });
      const { pid } = container.state();
      const pidFile = join(container.dir, "pid");
      const count = Number(/instructions: (\d+)/.exec(runt(container, words, "count:-").output)?.[1]);
      expect(count).toBeGreaterThan(50);
      const wrong: string[] = [];
      for (let index = 0; index < count; index++) {
        const fault = `${kind}:${index}`;
        const { status, output } = runt(container, words, fault);
        // A branch that is not taken, or the stage's own end, when it has put its child into the container.
        if (status === 0) {
          const child = Number(fs.readFileSync(pidFile, "utf8"));
          fs.rmSync(pidFile);
          kill(child);
          continue;
        }
        // A child that nobody has heard of ends when its parent has.
        await until(() => strangers(pid).length === 0);
        const said = status === 255 && output.startsWith("runt: ") ? [] : [`status ${status}: ${output}`];
        const file = fs.existsSync(pidFile) ? ["pid file"] : [];
        wrong.push(...[...said, ...file].map((problem) => `${fault}: ${problem}`));
      }
      expect(wrong).toEqual([]);
      expect(container.state()).toMatchObject({ status: "running", pid });
    },
    5 * MINUTES,
  );

  test.each(["spawn", "load", "settle", "release"])("whose runtime was killed at: %s", async (point) => {
    const container = typical();
    expect(runt(container, ["run", "--detach", container.id])).toMatchObject({ status: 0 });
    const { pid } = container.state();
    const words = [...EXEC, ...WHAT, container.id, "sleep", "1000"];
    expect(runt(container, words, `kill:${point}`)).toMatchObject({ signal: "SIGKILL" });
    // The stage hears that nobody is there any more, and ends by itself.
    await until(() => strangers(pid).length === 0);
    expect(fs.existsSync(join(container.dir, "pid"))).toBe(false);
  });
});

describe("nothing is left of a container", () => {
  test.each(["fail", "exit"])(
    "whose program has to %s at any instruction",
    (kind) => {
      const container = typical();
      const lines = listing(container);
      expect(lines.length).toBeGreaterThan(300);
      const some = lines.filter(({ index }) => index % STEP === 0);
      expect(some.flatMap((line) => problems(container, kind, line))).toEqual([]);
    },
    10 * MINUTES,
  );

  function expectKilledAndDeleted(container: Container, point: string): void {
    const { signal } = runt(container, ["create", "--pid-file", "pid", container.id], `kill:${point}`);
    expect(signal).toBe("SIGKILL");
    for (const _ of [1, 2]) {
      expect(runt(container, ["delete", "--force", container.id])).toMatchObject({ status: 0, output: "" });
    }
    expect(left(container)).toEqual([]);
  }

  test.each(POINTS)("after delete --force, whose creator was killed at: %s", (point) => {
    expectKilledAndDeleted(typical(), point);
  });

  // Its process waits for its ids.
  test.each(["spawn", "load", "settle", "release", "ready"])(
    "in a user namespace, after delete --force, whose creator was killed at: %s",
    (point) => {
      const container = bundle(({ linux }) => {
        linux.namespaces.push({ type: "user" });
        linux.uidMappings = [{ containerID: 0, hostID: 100_000, size: 65_536 }];
        linux.gidMappings = linux.uidMappings;
      });
      expectKilledAndDeleted(container, point);
    },
  );
});
