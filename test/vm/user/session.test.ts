// What the virtual machine promises to tests that run as an ordinary user: a session of systemd, ids for user
// namespaces, and a cgroup with controllers.

import { mkdirSync, readFileSync, rmdirSync, writeFileSync } from "node:fs";
import { userInfo } from "node:os";
import { expect, onTestFinished, test } from "vitest";
import { cgroupOf, output } from "../shell.ts";

test("this is an ordinary user", () => {
  const { username, uid } = userInfo();
  expect({ username, uid }).toEqual({ username: "tester", uid: 1000 });
  expect(readFileSync("/proc/self/status", "utf8")).toMatch(/^CapPrm:\t0+$/m);
});

test("the user's manager runs, without a login", () => {
  expect(process.env.XDG_RUNTIME_DIR).toBe("/run/user/1000");
  expect(output("systemctl", "--user", "is-system-running", "--wait")).toBe("running");
  expect(output("loginctl", "show-user", "tester", "--property=Linger")).toBe("Linger=yes");
});

test("the user's manager takes transient scopes, with limits", () => {
  const script = "cat /sys/fs/cgroup/$(cut -d: -f3 /proc/self/cgroup)/pids.max";
  const scope = ["--user", "--scope", "--quiet", "--property=TasksMax=7"];
  expect(output("systemd-run", ...scope, "sh", "-c", script)).toBe("7");
});

test("a cgroup is delegated, with controllers", () => {
  const own = cgroupOf(readFileSync("/proc/self/cgroup", "utf8"));
  expect(own).toMatch(/^\/sys\/fs\/cgroup\/user\.slice\/user-1000\.slice\/user@1000\.service\//);
  const controllers = readFileSync(`${own}/cgroup.controllers`, "utf8").trim().split(" ");
  expect(controllers.sort()).toEqual(["cpu", "cpuset", "io", "memory", "pids"]);
  const below = `${own}/test-of-the-machine`;
  mkdirSync(below);
  onTestFinished(() => rmdirSync(below));
  // Without processes of its own a cgroup may be given limits by this user.
  writeFileSync(`${below}/cgroup.max.depth`, "3");
  expect(readFileSync(`${below}/cgroup.max.depth`, "utf8")).toBe("3\n");
});

test("a user namespace has the ids of /etc/subuid and /etc/subgid", () => {
  const maps = output("podman", "unshare", "cat", "/proc/self/uid_map", "/proc/self/gid_map");
  const lines = maps.split("\n").map((line) => line.trim().split(/\s+/).map(Number));
  const both = [
    [0, 1000, 1],
    [1, 200_000, 65_536],
  ];
  expect(lines).toEqual([...both, ...both]);
});
