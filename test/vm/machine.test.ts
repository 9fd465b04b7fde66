// What the virtual machine promises to all other tests of it, as root.

import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, rmdirSync, writeFileSync } from "node:fs";
import { describe, expect, onTestFinished, test } from "vitest";
import { output } from "./shell.ts";

const CONTROLLERS = ["cpu", "cpuset", "hugetlb", "io", "memory", "misc", "pids", "rdma"];
const ROOT = "/sys/fs/cgroup";

describe("systemd", () => {
  test("is the first process", () => {
    expect(readFileSync("/proc/1/comm", "utf8")).toBe("systemd\n");
  });

  test("has started, with no failed unit", () => {
    // Its exit status is that of a degraded system, whose units say more.
    spawnSync("systemctl", ["is-system-running", "--wait"]);
    const failed = output("systemctl", "list-units", "--failed", "--plain", "--no-legend");
    expect(failed).toBe("");
    expect(output("systemctl", "is-system-running")).toBe("running");
  });

  test("takes transient scopes over D-Bus", () => {
    const properties = ["--property=MemoryMax=64M", "--property=TasksMax=7"];
    const script = `cat ${ROOT}/$(cut -d: -f3 /proc/self/cgroup)/memory.max ${ROOT}/$(cut -d: -f3 /proc/self/cgroup)/pids.max`;
    expect(output("systemd-run", "--scope", "--quiet", ...properties, "sh", "-c", script)).toBe(
      `${64 << 20}\n7`,
    );
  });
});

describe("cgroups", () => {
  test("are of version 2 only, in the usual place", () => {
    const mounts = readFileSync("/proc/self/mountinfo", "utf8").split("\n");
    const types = mounts.map((line) => line.split(" - ")[1]?.split(" ")[0]);
    expect(types).not.toContain("cgroup");
    expect(mounts.filter((line) => line.includes(` ${ROOT} `))).toEqual([
      expect.stringContaining(" - cgroup2 "),
    ]);
  });

  test("have all controllers", () => {
    const controllers = readFileSync(`${ROOT}/cgroup.controllers`, "utf8").trim().split(" ");
    expect(controllers.sort()).toEqual(CONTROLLERS);
  });

  test("have the files of every controller, where it is enabled", () => {
    writeFileSync(`${ROOT}/cgroup.subtree_control`, CONTROLLERS.map((name) => `+${name}`).join(" "));
    const cgroup = `${ROOT}/test-of-the-machine`;
    mkdirSync(cgroup);
    onTestFinished(() => rmdirSync(cgroup));
    const files = [
      "cpu.max",
      "cpuset.cpus",
      "hugetlb.2MB.max",
      "io.max",
      "memory.max",
      "misc.max",
      "pids.max",
      "rdma.max",
    ];
    const contents = files.map((name) => readFileSync(`${cgroup}/${name}`, "utf8").split("\n")[0]);
    expect(contents).toEqual(["max 100000", "", "max", "", "max", "", "max", ""]);
  });
});

describe("installed, and able to start:", () => {
  test.each([
    ["docker", "--version"],
    ["dockerd", "--version"],
    ["containerd", "--version"],
    ["podman", "--version"],
    ["buildah", "--version"],
    ["crun", "--version"],
    ["runc", "--version"],
    ["criu", "--version"],
    ["bpftool", "version"],
  ])("%s", (command, option) => {
    expect(output(command, option)).toMatch(/\d+\.\d+/);
  });

  test("criu finds all that it needs of the kernel", () => {
    expect(output("criu", "check")).toMatch(/Looks good/);
  });
});
