// Containers of an ordinary user, whose cgroups that user's service manager makes.

import { execFileSync } from "node:child_process";
import * as fs from "node:fs";
import { expect, test } from "vitest";
import { sh } from "../../container/config.ts";
import { rootless } from "./rootless.ts";

const CGROUPS = "/sys/fs/cgroup";
const MANAGER = "/user.slice/user-1000.slice/user@1000.service";

test("a scope has the process and the limits, and is stopped by delete", () => {
  const container = rootless((config) => {
    config.linux.cgroupsPath = "runt-test.slice:p:user";
    config.linux.resources = { memory: { limit: 64 << 20 }, pids: { limit: 50 } };
  });
  const created = container.call("--systemd-cgroup", "create", container.id);
  expect(created).toMatchObject({ code: 0, stderr: "" });
  const cgroup = `${MANAGER}/runt.slice/runt-test.slice/p-user.scope`;
  const { pid } = container.state();
  expect(fs.readFileSync(`/proc/${pid}/cgroup`, "utf8")).toBe(`0::${cgroup}\n`);
  const read = (name: string) => fs.readFileSync(`${CGROUPS}${cgroup}/${name}`, "utf8").trim();
  expect([read("memory.max"), read("pids.max"), read("cgroup.procs")]).toEqual([
    `${64 << 20}`,
    "50",
    `${pid}`,
  ]);
  container.start();
  container.delete("--force");
  expect(fs.existsSync(`${CGROUPS}${cgroup}`)).toBe(false);
  const shown = execFileSync("systemctl", ["--user", "show", "p-user.scope", "--property=LoadState"]);
  expect(String(shown)).toBe("LoadState=not-found\n");
});

test("run leaves nothing, and the default slice is the user's", () => {
  const container = rootless((config) => {
    config.linux.namespaces = config.linux.namespaces.filter(({ type }) => type !== "cgroup");
    config.process.args = sh("cat /proc/self/cgroup");
  });
  expect(container.call("--systemd-cgroup", "run", container.id)).toEqual({
    code: 0,
    stdout: `0::${MANAGER}/user.slice/runt-${container.id}.scope\n`,
    stderr: "",
  });
});
