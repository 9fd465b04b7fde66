// Containers of an ordinary user with a session: limits in the part of the hierarchy that is delegated, without systemd
// and with it, and all ids that the user has.

import * as fs from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { failure, stopped } from "../../container/bed.ts";
import { sh } from "../../container/config.ts";
import { cgroupOf } from "../shell.ts";
import { rootless } from "./rootless.ts";

describe.each([
  ["cgroupfs", []],
  ["systemd", ["--systemd-cgroup"]],
])("with the driver %s", (_, global) => {
  test("a container is created, limited, entered, paused and deleted", async () => {
    const container = rootless((config) => {
      config.process.args = ["sleep", "1000"];
      config.linux.resources = { memory: { limit: 64 << 20 }, pids: { limit: 50 }, cpu: { shares: 512 } };
    });
    const ok = (...args: string[]) => {
      const result = container.call(...global, ...args);
      expect(result).toMatchObject({ code: 0, stderr: "" });
      return result.stdout;
    };
    ok("create", container.id);
    const { pid } = container.state();
    const cgroup = cgroupOf(fs.readFileSync(`/proc/${pid}/cgroup`, "utf8"));
    const read = (name: string) => fs.readFileSync(join(cgroup, name), "utf8").trim();
    expect([read("memory.max"), read("pids.max")]).toEqual([`${64 << 20}`, "50"]);
    ok("start", container.id);
    expect(ok("exec", container.id, "id", "-u")).toBe("0\n");
    ok("update", "--pids-limit=60", container.id);
    expect(read("pids.max")).toBe("60");
    ok("pause", container.id);
    expect(container.state().status).toBe("paused");
    ok("resume", container.id);
    expect(JSON.parse(ok("ps", "--format=json", container.id))).toEqual([pid]);
    ok("kill", container.id, "KILL");
    await stopped(container);
    ok("delete", container.id);
    expect(fs.existsSync(cgroup)).toBe(false);
  });
});

test("with the ids of /etc/subuid and /etc/subgid", () => {
  const container = rootless((config) => {
    const maps = [
      { containerID: 0, hostID: 1000, size: 1 },
      { containerID: 1, hostID: 200_000, size: 65_536 },
    ];
    config.linux.uidMappings = maps;
    config.linux.gidMappings = maps;
    config.process.user = { uid: 1, gid: 1, additionalGids: [2] };
    config.process.args = sh("id -u; id -G; cat /proc/self/setgroups");
  });
  expect(container.run()).toMatchObject({ code: 0, stdout: "1\n1 2\nallow\n" });
});

test("a cgroup of others is refused", () => {
  const container = rootless(({ linux }) => {
    linux.cgroupsPath = "/system.slice/runt-test-of-nobody";
  });
  const message = failure(container.call("create", container.id));
  expect(message).toMatch(/rootless needs no limits \+ no cgrouppath .*: EACCES/);
});

test("spec --rootless, as it is", () => {
  const container = rootless((config) => {
    config.process.args = sh("id -u; hostname");
  });
  expect(container.run()).toEqual({ code: 0, stdout: "0\nrunt\n", stderr: "" });
});
