// Containers whose cgroups the host's own systemd makes: what it says of their scopes, what the kernel has, and what is
// left when they are deleted.

import { execFileSync, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import * as fs from "node:fs";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { bundle, type Container, failure, runtime, stopped, until } from "../container/bed.ts";
import { type Config, sh } from "../container/config.ts";

const CGROUPS = "/sys/fs/cgroup";
const MiB = 1 << 20;

interface Scope {
  readonly container: Container;
  readonly name: string;
  /** Of its cgroup. */
  readonly path: string;
}

/** A container that could be `slice:prefix:name`. */
function scope(edit: (config: Config, rootfs: string) => void = () => {}): Scope {
  const id = randomBytes(4).toString("hex");
  const container = bundle((config, rootfs) => {
    config.process.args = ["sleep", "1000"];
    config.linux.cgroupsPath = `runt-test.slice:p:${id}`;
    edit(config, rootfs);
  });
  const name = `p-${id}.scope`;
  return { container, name, path: `${CGROUPS}/runt.slice/runt-test.slice/${name}` };
}

function systemctl(...args: string[]): string {
  return execFileSync("systemctl", ["--no-pager", ...args], { encoding: "utf8" });
}

function show(unit: string, ...names: string[]): Readonly<Record<string, string>> {
  const lines = systemctl("show", unit, ...names.map((name) => `--property=${name}`))
    .trim()
    .split("\n");
  return Object.fromEntries(
    lines.map((line) => [line.slice(0, line.indexOf("=")), line.slice(line.indexOf("=") + 1)]),
  );
}

function read(path: string, names: readonly string[]): Readonly<Record<string, string>> {
  return Object.fromEntries(names.map((name) => [name, fs.readFileSync(join(path, name), "utf8").trim()]));
}

function create({ container }: Pick<Scope, "container">): void {
  expect(container.call("--systemd-cgroup", "create", container.id)).toMatchObject({ code: 0, stderr: "" });
}

function expectGone({ name, path }: Scope): void {
  expect(show(name, "LoadState", "ActiveState")).toEqual({ LoadState: "not-found", ActiveState: "inactive" });
  expect(fs.existsSync(path)).toBe(false);
}

const FILES = {
  "memory.max": `${64 * MiB}`,
  "memory.low": `${32 * MiB}`,
  "memory.swap.max": "0",
  "memory.high": `${60 * MiB}`,
  "cpu.weight": "174",
  "cpuset.cpus": "0",
  "pids.max": "50",
  // systemd has no property for it, nor for its controller.
  "hugetlb.2MB.max": `${4 * MiB}`,
};

const RESOURCES = {
  memory: { limit: 64 * MiB, reservation: 32 * MiB, swap: 64 * MiB },
  cpu: { shares: 2048, quota: 33300, period: 50000, cpus: "0" },
  pids: { limit: 50 },
  hugepageLimits: [{ pageSize: "2MB", limit: 4 * MiB }],
  unified: { "memory.high": `${60 * MiB}` },
};

describe("a scope", () => {
  test("has the process and the limits, and is stopped by delete", () => {
    const made = scope((config) => {
      config.linux.resources = RESOURCES;
      config.annotations = { "org.systemd.property.TimeoutStopSec": "7" };
    });
    create(made);
    const { container, name, path } = made;
    const { pid } = container.state();
    expect(fs.readFileSync(`/proc/${pid}/cgroup`, "utf8")).toBe(`0::${path.slice(CGROUPS.length)}\n`);
    expect(read(path, [...Object.keys(FILES), "cgroup.procs"])).toEqual({
      ...FILES,
      "cgroup.procs": `${pid}`,
    });
    const expected = {
      ActiveState: "active",
      ControlGroup: path.slice(CGROUPS.length),
      Slice: "runt-test.slice",
      Description: `runt container ${container.id}`,
      Delegate: "yes",
      MemoryMax: FILES["memory.max"],
      MemoryLow: FILES["memory.low"],
      MemoryHigh: FILES["memory.high"],
      MemorySwapMax: "0",
      CPUWeight: "174",
      CPUQuotaPerSecUSec: "670ms",
      AllowedCPUs: "0",
      TasksMax: "50",
      TimeoutStopUSec: "7s",
    };
    expect(show(name, ...Object.keys(expected))).toEqual(expected);
    container.start();
    container.delete("--force");
    expectGone(made);
  });

  test("is the root of the container's cgroup namespace, and may be divided", () => {
    const { container } = scope((config) => {
      config.mounts.push({ destination: "/sys/fs/cgroup", type: "cgroup", source: "cgroup" });
      const script = "cat /proc/self/cgroup; mkdir /sys/fs/cgroup/a; cat /sys/fs/cgroup/a/cgroup.events";
      config.process.args = sh(script);
    });
    const { code, stdout } = container.call("--systemd-cgroup", "run", container.id);
    expect(stdout).toBe("0::/\npopulated 0\nfrozen 0\n");
    expect(code).toBe(0);
  });

  test("is gone when its process has been killed, and delete is no error", async () => {
    const made = scope();
    create(made);
    made.container.kill("KILL");
    await stopped(made.container);
    await until(() => !fs.existsSync(made.path));
    made.container.delete();
    expectGone(made);
  });

  test("has a default name, of the system's slice", () => {
    const { container } = scope((config) => {
      delete config.linux.cgroupsPath;
    });
    create({ container });
    const { ControlGroup } = show(`runt-${container.id}.scope`, "ControlGroup");
    expect(ControlGroup).toBe(`/system.slice/runt-${container.id}.scope`);
    container.delete("--force");
    expect(fs.existsSync(`${CGROUPS}${ControlGroup}`)).toBe(false);
  });

  test("takes the place of a failed one", async () => {
    const made = scope();
    const options = ["--scope", "--quiet", "--slice=runt-test.slice", "--property=RuntimeMaxSec=1"];
    const child = spawn("systemd-run", [...options, `--unit=${made.name}`, "sleep", "1000"]);
    await new Promise((resolve) => child.on("close", resolve));
    expect(show(made.name, "ActiveState")).toEqual({ ActiveState: "failed" });
    create(made);
    expect(show(made.name, "ActiveState")).toEqual({ ActiveState: "active" });
    made.container.delete("--force");
    expectGone(made);
  });

  test("that is another's is left alone", async () => {
    const made = scope();
    const options = ["--scope", "--quiet", "--slice=runt-test.slice", `--unit=${made.name}`];
    const child = spawn("systemd-run", [...options, "sleep", "1000"]);
    onTestFinished(() => void spawn("systemctl", ["stop", made.name]));
    await until(() => show(made.name, "ActiveState").ActiveState === "active");
    const { container } = made;
    const message = failure(container.call("--systemd-cgroup", "create", container.id));
    expect(message).toContain("container's cgroup is not empty");
    expect(show(made.name, "ActiveState")).toEqual({ ActiveState: "active" });
    expect(child.exitCode).toBe(null);
  });

  test("with a property that systemd refuses is an error, and nothing is left", () => {
    const made = scope((config) => {
      config.annotations = { "org.systemd.property.NoSuchThing": "true" };
    });
    const { container } = made;
    expect(failure(container.call("--systemd-cgroup", "create", container.id))).toContain("NoSuchThing");
    expectGone(made);
  });
});

test("a slice has the process, and is stopped by delete", () => {
  const slice = `runt-test${randomBytes(4).toString("hex")}.slice`;
  const { container } = scope((config) => {
    config.linux.cgroupsPath = `runt.slice::${slice}`;
    config.linux.resources = { memory: { limit: 64 * MiB } };
  });
  create({ container });
  const path = `${CGROUPS}/runt.slice/${slice}`;
  const expected = { "cgroup.procs": `${container.state().pid}`, "memory.max": `${64 * MiB}` };
  expect(read(path, Object.keys(expected))).toEqual(expected);
  container.delete("--force");
  expect(fs.existsSync(path)).toBe(false);
});

/** A container that tells at each SIGUSR1 whether it may write to the kernel's log. */
function logger(devices: readonly object[]): Scope {
  return scope((config) => {
    config.linux.resources = { ...RESOURCES, devices };
    config.linux.devices = [{ type: "c", path: "/dev/kmsg", major: 1, minor: 11, fileMode: 0o666 }];
    const tell = "if (: > /dev/kmsg) 2> /dev/null; then echo yes; else echo no; fi";
    config.process.args = sh(`trap '${tell}' USR1; echo ready; while :; do sleep 0.1; done`);
  });
}

test.each([
  ["no", [{ allow: false, access: "rwm" }]],
  [
    "yes",
    [
      { allow: false, access: "rwm" },
      { allow: true, type: "c", major: 1, minor: 11, access: "w" },
    ],
  ],
])("daemon-reload leaves limits and device rules as they are: %s", async (answer, devices) => {
  const { container, path } = logger(devices);
  const output = join(container.dir, "told");
  const told = fs.openSync(output, "w");
  const args = ["--root", container.stateDir, "--systemd-cgroup", "create", container.id];
  execFileSync(runtime, args, { cwd: container.dir, stdio: ["ignore", told, "inherit"] });
  container.start();
  const lines = () => fs.readFileSync(output, "utf8").trim().split("\n");
  await until(() => lines()[0] === "ready");
  const ask = async () => {
    const before = lines().length;
    container.kill("USR1");
    await until(() => lines().length > before);
    return lines().at(-1);
  };
  expect(await ask()).toBe(answer);
  systemctl("daemon-reload");
  expect(await ask()).toBe(answer);
  expect(read(path, Object.keys(FILES))).toEqual(FILES);
  container.delete("--force");
});

test("many are created and deleted at once", { timeout: 120_000 }, async () => {
  const scopes = Array.from({ length: 20 }, () => scope());
  const created = await Promise.all(
    scopes.map(({ container: { id, stateDir, dir } }) => {
      const child = spawn(runtime, ["--root", stateDir, "--systemd-cgroup", "create", id], {
        cwd: dir,
        stdio: "ignore",
      });
      return new Promise((resolve) => child.on("close", resolve));
    }),
  );
  expect(created.filter((code) => code !== 0)).toEqual([]);
  const deleted = await Promise.all(
    scopes.map(({ container }) => container.callAsync("delete", "--force", container.id)),
  );
  expect(deleted.filter(({ code }) => code !== 0)).toEqual([]);
  for (const made of scopes) expectGone(made);
});

/** crun leaves a quota as systemd has rounded it, takes `swap` for that of swap alone, and sets no huge pages there. */
test("runc has the same files", () => {
  const made = scope((config) => {
    // Its version 1.1 makes another weight of cpu.shares.
    config.linux.resources = { ...RESOURCES, cpu: { quota: 33300, period: 50000, cpus: "0" } };
  });
  const names = [...Object.keys(FILES), "cpu.max", "cgroup.subtree_control"];
  create(made);
  const ours = read(made.path, names);
  made.container.delete("--force");
  const { container } = made;
  // In place of the runtime under test, which the test bed names first.
  const under = ["sh", "-c", 'shift; exec "$0" "$@"', "/usr/sbin/runc"];
  const call = (...args: string[]) => {
    expect(container.callWith({ under }, ...args)).toEqual({ code: 0, stdout: "", stderr: "" });
  };
  call("--systemd-cgroup", "create", container.id);
  const theirs = read(made.path, names);
  call("delete", "--force", container.id);
  expect(theirs).toEqual(ours);
});
