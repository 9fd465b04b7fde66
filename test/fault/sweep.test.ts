// Every instruction of a typical program fails once, and ends the stage once; the runtime is killed after every step.
// Whatever happens, nothing is left: after `delete --force`, where the runtime itself had no chance.

import { spawnSync } from "node:child_process";
import * as fs from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { bundle, type Container } from "../container/bed.ts";
import { leftovers, stateOf } from "../container/leftovers.ts";
import { faultyBinary } from "./binary.mjs";

const MINUTES = 60_000;
const POINTS = [
  "reserve",
  "writeRecord",
  "makeCgroup",
  "spawn",
  "load",
  "writeConfig",
  "settle",
  "release",
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
    config.process.args = ["sleep", "1000"];
  });
}

/** A container that is there keeps what it inherits open, so that messages go to a file and not to a pipe. */
function runt({ dir, stateDir }: Container, args: readonly string[], fault = "none") {
  const messages = fs.openSync(join(dir, "messages"), "w+");
  const { status, signal } = spawnSync(binary, ["--root", stateDir, ...args], {
    cwd: dir,
    env: { ...process.env, RUNT_FAULT: fault },
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
    if (kind === "fail" && pointer !== "" && !output.includes(`runt: ${pointer}: `)) found.push(output);
  }
  return [...found, ...left(container)].map((problem) => `${fault}: ${text.trim()}: ${problem}`);
}

describe("nothing is left of a container", () => {
  test.each(["fail", "exit"])(
    "whose program has to %s at any instruction",
    (kind) => {
      const container = typical();
      const lines = listing(container);
      expect(lines.length).toBeGreaterThan(300);
      expect(lines.flatMap((line) => problems(container, kind, line))).toEqual([]);
    },
    10 * MINUTES,
  );

  test.each(POINTS)("after delete --force, whose creator was killed at: %s", (point) => {
    const container = typical();
    const { signal } = runt(container, ["create", "--pid-file", "pid", container.id], `kill:${point}`);
    expect(signal).toBe("SIGKILL");
    for (const _ of [1, 2]) {
      expect(runt(container, ["delete", "--force", container.id])).toMatchObject({ status: 0, output: "" });
    }
    expect(left(container)).toEqual([]);
  });
});
