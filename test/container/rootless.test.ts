// Containers that an ordinary user creates: by the one id that everybody may map, or by subordinate ids; with a cgroup
// that was delegated, or without one.

import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import * as fs from "node:fs";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { type Container, differs, failure, runtimeName, type State, until, wording } from "./bed.ts";
import { type Config, sh, without } from "./config.ts";
import { stateOf } from "./leftovers.ts";
import {
  asUser,
  delegate,
  rootless,
  runtimeDirectory,
  SUB,
  UID,
  type UserOptions,
  withUser,
} from "./user.ts";

withUser();

/** What a script prints in a container of the user's. */
function inside(
  script: string,
  edit: (config: Config) => void = () => {},
  options: UserOptions = {},
): string {
  const container = rootless((config) => {
    config.process.args = sh(script);
    edit(config);
  });
  const result = asUser(container, ["run", container.id], options);
  expect(result).toMatchObject({ code: 0 });
  return result.stdout.trim();
}

function refused(edit: (config: Config) => void, options: UserOptions = {}): string {
  const container = rootless(edit);
  const message = failure(asUser(container, ["create", container.id], options));
  expect(stateOf(container.stateDir)).toEqual([]);
  return message;
}

function stateAsUser(container: Container): State {
  const { stdout, stderr } = asUser(container, ["state", container.id]);
  if (stdout === "") throw new Error(stderr);
  return JSON.parse(stdout) as State;
}

/** All ids that the user has: its own is root. */
function withSubordinates({ linux, process }: Config): void {
  const maps = [
    { containerID: 0, hostID: UID, size: 1 },
    { containerID: 1, hostID: SUB, size: 65_536 },
  ];
  linux.uidMappings = maps;
  linux.gidMappings = maps;
  process.capabilities = {};
}

function status(pid: number, field: string): string {
  const text = fs.readFileSync(`/proc/${pid}/status`, "utf8");
  return new RegExp(`^${field}:\\s+(\\S+)`, "m").exec(text)?.[1] ?? "";
}

/** Nobody may have waited for it yet. */
function hasEnded(pid: number): boolean {
  return !fs.existsSync(`/proc/${pid}`) || status(pid, "State") === "Z";
}

describe("a container of a single id", () => {
  test("is created, started, entered, killed and deleted", async () => {
    const container = rootless((config) => {
      config.process.args = ["sleep", "1000"];
    });
    const ok = (...args: string[]) => {
      const result = asUser(container, args);
      expect(result).toMatchObject({ code: 0, stderr: "" });
      return result.stdout;
    };
    ok("create", "--pid-file", "pid", container.id);
    const { pid, status: created } = stateAsUser(container);
    expect(created).toBe("created");
    expect(fs.readFileSync(join(container.dir, "pid"), "utf8")).toBe(String(pid));
    expect(status(pid, "Uid")).toBe(String(UID));
    ok("start", container.id);
    expect(stateAsUser(container).status).toBe("running");
    expect(ok("exec", container.id, "id", "-u")).toBe("0\n");
    expect(asUser(container, ["exec", container.id, "sh", "-c", "exit 7"]).code).toBe(7);
    expect(JSON.parse(ok("list", "--format", "json"))).toMatchObject([{ id: container.id, pid }]);
    ok("kill", container.id, "KILL");
    await until(() => stateAsUser(container).status === "stopped");
    ok("delete", container.id);
    expect(stateOf(container.stateDir)).toEqual([]);
  });

  test("maps the user to root, and no groups can be set", () => {
    const script = "cat /proc/self/uid_map /proc/self/gid_map /proc/self/setgroups; id -u; id -g";
    const words = inside(script).split(/\s+/);
    expect(words).toEqual(["0", `${UID}`, "1", "0", `${UID}`, "1", "deny", "0", "0"]);
  });

  test("cannot have more groups", differs({ crun: "ignores them" }), () => {
    const message = refused((config) => {
      config.process.user.additionalGids = [0];
    });
    expect(message).toContain("cannot set any additional groups in a rootless container");
  });

  test("has the default devices of the host", () => {
    const script =
      "stat -c '%t:%T %F' /dev/null /dev/zero /dev/full /dev/random /dev/urandom /dev/tty; echo x > /dev/null";
    expect(inside(script).split("\n")).toEqual(
      ["1:3", "1:5", "1:7", "1:8", "1:9", "5:0"].map((device) => `${device} character special file`),
    );
  });
});

describe("a container of subordinate ids", () => {
  test("has them, and groups can be set", () => {
    const script = "cat /proc/self/uid_map /proc/self/gid_map /proc/self/setgroups";
    const map = ["0", `${UID}`, "1", "1", `${SUB}`, "65536"];
    expect(inside(script, withSubordinates).split(/\s+/)).toEqual([...map, ...map, "allow"]);
  });

  test(
    "runs a process as one of them, with groups, and exec too",
    differs({ runc: "refuses groups", crun: "1.8 has none in exec" }),
    () => {
      const container = rootless((config) => {
        withSubordinates(config);
        config.process.user = { uid: 1000, gid: 1000, additionalGids: [10, 20] };
        config.process.args = ["sleep", "1000"];
      });
      expect(asUser(container, ["run", "--detach", container.id])).toMatchObject({ code: 0 });
      const { pid } = stateAsUser(container);
      const mapped = (id: number) => String(SUB + id - 1);
      expect([status(pid, "Uid"), status(pid, "Gid")]).toEqual([mapped(1000), mapped(1000)]);
      expect(asUser(container, ["exec", container.id, "id", "-G"]).stdout).toBe("1000 10 20\n");
      expect(asUser(container, ["exec", "--user", "0", container.id, "id", "-u"]).stdout).toBe("0\n");
      // Its processes have other ids than the user, who ends them even so.
      expect(asUser(container, ["delete", "--force", container.id])).toMatchObject({ code: 0 });
      expect(hasEnded(pid)).toBe(true);
    },
  );

  test("without supplementary groups of the caller", differs({ runc: "keeps them" }), () => {
    const groups = { setpriv: ["--groups", "4321,20"] };
    expect(inside("id -G", withSubordinates, groups)).toBe("0");
  });
});

describe("what the host does not let the user have is said with advice", () => {
  const ofRunt = differs({ runc: "has no such advice", crun: "has no such advice" });

  test("ids that are not the user's", ofRunt, () => {
    const message = refused((config) => {
      withSubordinates(config);
      (config.linux.uidMappings ?? [])[1] = { containerID: 1, hostID: SUB - 10, size: 20 };
    });
    expect(message).toMatch(
      /^runt: \/linux\/uidMappings: newuidmap \d+ 0 4321 1 1 6999990 20: .*not allowed/,
    );
    expect(message).toContain("/etc/subuid gives this user other ids");
  });

  test("newgidmap is not installed", ofRunt, () => {
    const tools = toolsOnly(["newuidmap"], 0o4755);
    const message = refused(withSubordinates, withTools(tools));
    expect(message).toContain("/linux/gidMappings: execute newgidmap: ENOENT");
    expect(message).toContain("install newgidmap (Debian: uidmap");
  });

  test("newuidmap is not set-uid", ofRunt, () => {
    const tools = toolsOnly(["newuidmap", "newgidmap"], 0o755);
    const message = refused(withSubordinates, withTools(tools));
    expect(message).toContain("/linux/uidMappings: newuidmap ");
    expect(message).toContain(`chmod u+s ${tools}/newuidmap`);
  });

  test("newuidmap in the bundle is not executed", ofRunt, () => {
    const container = rootless(withSubordinates);
    const evil = join(container.dir, "newuidmap");
    fs.writeFileSync(evil, `#!/bin/sh\ntouch ${container.dir}/evil\n`, { mode: 0o755 });
    const tools = toolsOnly([], 0o755);
    for (const path of [`:${tools}`, `.:${tools}`, `${tools}:`]) {
      const message = failure(asUser(container, ["create", container.id], withTools(path)));
      expect(message).toContain("execute newuidmap: ENOENT");
    }
    expect(fs.existsSync(join(container.dir, "evil"))).toBe(false);
  });

  test("the runtime has no_new_privs", ofRunt, () => {
    const message = refused(withSubordinates, { setpriv: ["--clear-groups", "--no-new-privs"] });
    expect(message).toContain(
      "runt was started with no_new_privs, so that newuidmap has no privilege either",
    );
  });

  test("no more user namespaces", ofRunt, () => {
    const script = 'echo 0 > /proc/sys/user/max_user_namespaces; exec "$@"';
    const through = ["unshare", "--user", "--map-root-user", "sh", "-e", "-c", script, "sh"];
    const message = refused(
      ({ linux }) => {
        linux.uidMappings = [{ containerID: 0, hostID: 0, size: 1 }];
        linux.gidMappings = linux.uidMappings;
      },
      { through },
    );
    expect(message).toContain("create the container's process and its namespaces: ENOSPC");
    expect(message).toContain("this host allows no user namespaces: sysctl -w user.max_user_namespaces=");
  });
});

/** A directory of copies of these tools. */
function toolsOnly(names: readonly string[], mode: number): string {
  const directory = fs.mkdtempSync(join(runtimeDirectory(), "tools-"));
  fs.chmodSync(directory, 0o755);
  for (const name of names) {
    fs.copyFileSync(`/usr/bin/${name}`, join(directory, name));
    fs.chmodSync(join(directory, name), mode);
  }
  return directory;
}

/** The runtime looks for them there alone. */
function withTools(path: string): UserOptions {
  return { through: ["env", `PATH=${path}`] };
}

describe("an ordinary user", () => {
  test("needs a user namespace", differs({ crun: "makes one" }), () => {
    const message = refused((config) => {
      without(config, "user");
      delete config.linux.uidMappings;
      delete config.linux.gidMappings;
    });
    expect(message).toContain("rootless container requires user namespaces");
  });

  test("cannot give a mount to a group that is not mapped", differs({ crun: "ignores it" }), () => {
    const message = refused((config) => {
      config.mounts.push({ destination: "/mnt", type: "tmpfs", source: "tmpfs", options: ["gid=5"] });
    });
    expect(message).toContain("cannot specify gid= mount options for unmapped gid in rootless containers");
  });

  test(
    "has the state in $XDG_RUNTIME_DIR, where nobody tidies up",
    differs({ runc: "its own", crun: "its own" }),
    () => {
      const container = rootless();
      const result = asUser(container, ["run", container.id], { ownRoot: true });
      expect(result).toMatchObject({ code: 0, stderr: "" });
      const root = fs.statSync(join(runtimeDirectory(), "runt"));
      expect([root.uid, root.mode & 0o7777]).toEqual([UID, 0o1700]);
    },
  );
});

describe("without a cgroup that the user may write", () => {
  const OTHERS = { runc: "says it otherwise", crun: "says it otherwise" };
  const WORDS = { runc: "ermission denied|no such file" };
  const NEEDS = "rootless needs no limits . no cgrouppath when no permission is granted for cgroups";

  test.each<[string, (config: Config) => void]>([
    ["limits", ({ linux }) => Object.assign(linux, { resources: { unified: { "cgroup.max.depth": "3" } } })],
    ["a cgroupsPath", ({ linux }) => Object.assign(linux, { cgroupsPath: "/runt-test-of-nobody" })],
  ])("%s are refused", differs({ crun: "goes on without limits" }), (_, edit) => {
    expect(refused(edit)).toMatch(new RegExp(wording(NEEDS, WORDS)));
  });

  test("a container runs, and what needs one is refused", differs(OTHERS), () => {
    const container = rootless((config) => {
      config.process.args = ["sleep", "1000"];
    });
    expect(asUser(container, ["run", "--detach", container.id])).toMatchObject({ code: 0 });
    const { pid } = stateAsUser(container);
    for (const words of [
      "pause",
      "ps",
      "events --stats",
      "update --pids-limit=5",
      "kill --all",
      "exec --cgroup=x",
    ]) {
      const args = words.startsWith("exec") ? [container.id, "true"] : [container.id];
      const message = failure(asUser(container, [...words.split(" "), ...args]));
      expect(message).toContain(`container ${container.id} has no cgroup`);
    }
    expect(failure(asUser(container, ["resume", container.id]))).toContain("container not paused");
    expect(stateAsUser(container).status).toBe("running");
    expect(asUser(container, ["kill", "--all", container.id, "KILL"])).toMatchObject({ code: 0, stderr: "" });
    asUser(container, ["delete", "--force", container.id]);
    expect(hasEnded(pid)).toBe(true);
  });

  test("--rootless=false does not go without", differs({ crun: "ignores it", runc: "ignores it" }), () => {
    const container = rootless();
    const message = failure(asUser(container, ["--rootless=false", "create", container.id]));
    expect(message).toMatch(/^runt: \/linux\/cgroupsPath: create cgroup .*: EACCES: permission denied\n$/);
  });
});

describe("with a delegated cgroup", () => {
  test(
    "the container is in one of its own, which has the limits",
    differs({ crun: "does not use it" }),
    async () => {
      const container = rootless((config) => {
        config.process.args = ["sleep", "1000"];
        config.linux.resources = { unified: { "cgroup.max.descendants": "5" } };
      });
      const { path, before } = delegate(container);
      onTestFinished(
        () => void execFileSync("find", [path, "-depth", "-type", "d", "-exec", "rmdir", "{}", ";"]),
      );
      const ok = (...args: string[]) => {
        const result = asUser(container, args, { before });
        // runc warns.
        expect(result).toMatchObject({ code: 0, ...(runtimeName === "runt" && { stderr: "" }) });
        return result.stdout;
      };
      ok("create", container.id);
      const { pid } = stateAsUser(container);
      const cgroup = join(path, container.id);
      expect(fs.readFileSync(join(cgroup, "cgroup.procs"), "utf8")).toBe(`${pid}\n`);
      expect(fs.readFileSync(join(cgroup, "cgroup.max.descendants"), "utf8")).toBe("5\n");
      ok("start", container.id);
      expect(ok("exec", container.id, "sh", "-c", "echo $$")).toMatch(/^\d+\n$/);
      ok("pause", container.id);
      expect(stateAsUser(container).status).toBe("paused");
      ok("resume", container.id);
      ok("kill", "--all", container.id, "KILL");
      await until(() => stateAsUser(container).status === "stopped");
      ok("delete", container.id);
      expect(fs.existsSync(cgroup)).toBe(false);
    },
  );
});

describe("a user namespace to join, which is the user's", () => {
  /** Path of the namespace; in it the user is root, and no groups can be set. */
  async function ownedByUser(): Promise<string> {
    const command = ["unshare", "--user", "--map-root-user", "sh", "-c", "echo ready; exec sleep 1000"];
    const user = ["--reuid", String(UID), "--regid", String(UID), "--clear-groups"];
    const holder = spawn("setpriv", [...user, ...command], { stdio: ["ignore", "pipe", "inherit"] });
    onTestFinished(() => void holder.kill("SIGKILL"));
    await once(holder.stdout, "data");
    return `/proc/${holder.pid}/ns/user`;
  }

  function joins(path: string): (config: Config) => void {
    return (config) => {
      without(config, "user");
      config.linux.namespaces.push({ type: "user", path });
      delete config.linux.uidMappings;
      delete config.linux.gidMappings;
    };
  }

  const SCRIPT = "id -u; readlink /proc/self/ns/user";

  test("by the user", differs({ runc: "1.1 leaves a process" }), async () => {
    const path = await ownedByUser();
    expect(inside(SCRIPT, joins(path))).toBe(`0\n${fs.readlinkSync(path)}`);
  });

  test(
    "by the user, who cannot have groups there",
    differs({ runc: "says it before", crun: "ignores them" }),
    async () => {
      const edit = joins(await ownedByUser());
      const message = refused((config) => {
        edit(config);
        config.process.user.additionalGids = [0];
      });
      expect(message).toContain("/process/user/additionalGids: setgroups");
    },
  );

  test("by root", differs({ runc: "1.1 does not get into the rootfs" }), async () => {
    const path = await ownedByUser();
    const container = rootless((config) => {
      config.process.args = sh(SCRIPT);
      joins(path)(config);
    });
    expect(container.run()).toMatchObject({ code: 0, stdout: `0\n${fs.readlinkSync(path)}\n` });
  });
});

describe("root of a user namespace", () => {
  const HERE = ["unshare", "--user", "--map-root-user"];

  test.each([
    ["in the mount namespace of the host", HERE],
    ["in one of its own", [...HERE, "--mount"]],
  ])("%s: a container with a user namespace", differs({ runc: "1.1 needs one of its own" }), (_, through) => {
    const edit = ({ linux }: Config) => {
      linux.uidMappings = [{ containerID: 0, hostID: 0, size: 1 }];
      linux.gidMappings = linux.uidMappings;
    };
    expect(inside("cat /proc/self/uid_map", edit, { through }).split(/\s+/)).toEqual(["0", "0", "1"]);
  });

  test("a container without one, as podman asks for it", () => {
    const edit = (config: Config) => {
      without(config, "user");
      delete config.linux.uidMappings;
      delete config.linux.gidMappings;
    };
    const script = "echo x > /dev/null; stat -c %t:%T /dev/null; id -u";
    expect(inside(script, edit, { through: [...HERE, "--mount"] })).toBe("1:3\n0");
  });

  test("a sysctl of one that shares the pid namespace, whose procfs it may not mount", () => {
    const edit = (config: Config) => {
      without(config, "user");
      without(config, "pid");
      delete config.linux.uidMappings;
      delete config.linux.gidMappings;
      config.mounts = config.mounts.filter(({ destination }) => destination !== "/proc");
      config.mounts.push({ destination: "/proc", type: "bind", source: "/proc", options: ["rbind"] });
      config.linux.sysctl = { "kernel.msgmax": "8888" };
    };
    const through = [...HERE, "--mount"];
    expect(inside("cat /proc/sys/kernel/msgmax", edit, { through })).toBe("8888");
  });
});

describe("a filesystem of the kernel", () => {
  const SYSFS = { destination: "/sys", type: "sysfs", source: "sysfs" };
  const flags = ["nosuid", "noexec", "nodev"];

  function withSysfs(config: Config, options: string[]): void {
    config.mounts = config.mounts.filter(({ destination }) => destination !== "/sys");
    config.mounts.splice(1, 0, { ...SYSFS, options });
  }

  test(
    "sysfs in the network namespace of the host is the host's, read-only",
    differs({ runc: "an error", crun: "takes ro alone" }),
    () => {
      const script = "ls /sys/kernel; grep ' /sys' /proc/self/mountinfo";
      const lines = inside(script, (config) => withSysfs(config, [...flags, "ro"])).split("\n");
      expect(lines).toContain("mm");
      const mounts = lines.filter((line) => / - (sysfs|cgroup2) /.test(line));
      expect(mounts.length).toBeGreaterThan(0);
      for (const line of mounts) expect(line.split(" ")[5]).toMatch(/^ro,nosuid,nodev,noexec/);
    },
  );

  test("sysfs to write to is refused there", differs({ runc: "gives no advice", crun: "binds it" }), () => {
    const message = refused((config) => withSysfs(config, flags));
    expect(message).toMatch(/^runt: \/mounts\/1: fsopen sysfs: EPERM/);
    expect(message).toContain(
      "sysfs needs the network namespace to be the container's own, or the option ro",
    );
  });

  test("sysfs in a network namespace of its own is new", () => {
    const edit = (config: Config) => {
      withSysfs(config, [...flags, "ro"]);
      config.linux.namespaces.push({ type: "network" });
    };
    expect(inside("ls /sys/class/net", edit)).toBe("lo");
  });

  const ofRunt = differs({ runc: "an error", crun: "an error" });

  test("procfs in the pid namespace of the host is the host's", ofRunt, () => {
    const script = `cat /proc/${process.pid}/comm`;
    const comm = fs.readFileSync(`/proc/${process.pid}/comm`, "utf8").trim();
    expect(inside(script, (config) => without(config, "pid"))).toBe(comm);
  });

  test("procfs where that of the host is covered in part", ofRunt, () => {
    const before = 'exec unshare --mount sh -e -c \'mount -t tmpfs none /proc/irq; exec "$@"\' sh "$@"';
    const message = refused(() => {}, { before });
    expect(message).toMatch(/^runt: \/mounts\/0: fsmount.*: EPERM/);
    expect(message).toContain("something covers a part of the host's /proc");
  });
});
