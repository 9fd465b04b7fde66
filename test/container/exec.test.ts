// exec: one more process in a container, what it is given, and what the caller is told.

import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import * as fs from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { DOCKER_PROFILE } from "../docker_profile.ts";
import {
  bundle,
  type Container,
  differs,
  failure,
  type Result,
  runtime,
  stopped,
  until,
  wording,
} from "./bed.ts";
import { cgroupOf, needs, ofRunt } from "./cgroup.ts";
import { type Config, type Process, runcSpec, sh, without } from "./config.ts";
import { cgroupRoot } from "./leftovers.ts";

/** Waits to be killed, and reaps what it is given. */
const WAITING = sh("while :; do sleep 1000; done");

function waiting(edit: (config: Config, rootfs: string) => void = () => {}): Container {
  const container = bundle((config, rootfs) => {
    config.process.args = WAITING;
    edit(config, rootfs);
  });
  container.create();
  container.start();
  return container;
}

function exec(container: Container, ...args: string[]): Result {
  return container.call("exec", ...args);
}

/** What a script prints in the container; it has to succeed. */
function printed(container: Container, script: string, ...options: string[]): string {
  const result = exec(container, ...options, container.id, ...sh(script));
  expect(result.stderr).toBe("");
  expect(result.code).toBe(0);
  return result.stdout;
}

function status(container: Container, field: string, ...options: string[]): string {
  return printed(container, `grep '^${field}:' /proc/self/status`, ...options)
    .slice(field.length + 1)
    .trim();
}

/** A process file in the bundle. */
function processFile(container: Container, change: Partial<Process>): string {
  const path = join(container.dir, "process.json");
  const { user, cwd, env } = runcSpec().process;
  fs.writeFileSync(path, JSON.stringify({ user, cwd, env, args: ["true"], ...change }));
  return path;
}

function pidOf(path: string): number {
  return Number(fs.readFileSync(path, "utf8"));
}

const CODES = wording("255", { crun: "(255|127|126|1)" });

describe("the process", () => {
  test("has the namespaces of the first one", () => {
    const container = waiting();
    const links = "for n in cgroup ipc mnt net pid uts user; do readlink /proc/$P/ns/$n; done";
    expect(printed(container, links.replaceAll("$P", "self"))).toBe(
      printed(container, links.replaceAll("$P", "1")),
    );
    expect(printed(container, "hostname")).toBe("runc\n");
  });

  test("has the cgroup of the container", () => {
    const container = waiting();
    const path = join(container.dir, "pid");
    expect(exec(container, "--detach", "--pid-file", path, container.id, ...WAITING).code).toBe(0);
    const line = fs.readFileSync(`/proc/${pidOf(path)}/cgroup`, "utf8").match(/^0::(.*)$/m);
    expect(join(cgroupRoot(), line?.[1] ?? "")).toBe(cgroupOf(container));
  });

  test("has descriptors 0, 1 and 2, and is the leader of a session", differs({ crun: "makes none" }), () => {
    const container = waiting();
    // ls has one open for what it lists.
    expect(printed(container, "ls /proc/self/fd")).toBe("0\n1\n2\n3\n");
    const [pid, , , , , session] = printed(container, "exec cat /proc/self/stat").split(" ");
    expect(session).toBe(pid);
  });

  test("inherits no descriptor of the caller's but those that --preserve-fds promises", () => {
    const container = waiting();
    const fd = fs.openSync(container.rootfs, "r");
    const list = (...options: string[]) =>
      container.callWith({ fds: [fd, fd, fd] }, "exec", ...options, container.id, "/bin/ls", "/proc/self/fd")
        .stdout;
    expect(list()).toBe("0\n1\n2\n3\n");
    expect(list("--preserve-fds", "2")).toBe("0\n1\n2\n3\n4\n5\n");
    fs.closeSync(fd);
  });

  test(
    "a descriptor that is not there cannot be preserved",
    differs({ crun: "passes what there is", runc: "passes what there is" }),
    () => {
      const container = waiting();
      expect(exec(container, "--preserve-fds", "3", container.id, "true").code).not.toBe(0);
    },
  );

  test("is run as config.json says of the first one", differs({ crun: "takes the environment only" }), () => {
    const container = waiting((config) => {
      config.process.user = { uid: 1000, gid: 100, additionalGids: [7] };
      config.process.cwd = "/tmp";
      config.process.env.push("MINE=1");
      config.process.rlimits = [{ type: "RLIMIT_NOFILE", soft: 99, hard: 100 }];
      config.process.oomScoreAdj = 300;
    });
    const script =
      "id -u; id -g; id -G; pwd; echo $MINE; ulimit -n; ulimit -Hn; cat /proc/self/oom_score_adj";
    expect(printed(container, script)).toBe("1000\n100\n100 7\n/tmp\n1\n99\n100\n300\n");
    expect(status(container, "NoNewPrivs")).toBe("1");
  });

  test("has the umask of the first one, or 022", differs({ crun: "022", runc: "022" }), () => {
    expect(printed(waiting(), "umask")).toBe("0022\n");
    const container = waiting((config) => {
      config.process.user.umask = 0o27;
    });
    expect(printed(container, "umask")).toBe("0027\n");
  });

  test("has the capabilities of the first one", () => {
    const container = waiting();
    for (const set of ["CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"]) {
      const first = printed(container, `grep ^${set}: /proc/1/status`).split("\t")[1]?.trim();
      expect(status(container, set), set).toBe(first);
    }
  });

  test("has HOME from the container's passwd file, or its own", () => {
    const container = waiting();
    expect(printed(container, "echo $HOME")).toBe("/root\n");
    expect(printed(container, "echo $HOME", "--user", "65534")).toBe("/home\n");
    expect(printed(container, "echo $HOME", "--env", "HOME=/mine")).toBe("/mine\n");
  });

  test("a created container has it too", () => {
    const container = bundle();
    container.create();
    expect(printed(container, "echo $$ $PPID")).toMatch(/^\d+ 0\n$/);
    expect(container.state().status).toBe("created");
  });

  test("reads standard input", () => {
    const container = waiting();
    const path = join(container.dir, "in");
    fs.writeFileSync(path, "text");
    const stdin = fs.openSync(path, "r");
    expect(container.callWith({ stdin }, "exec", container.id, "cat").stdout).toBe("text");
    fs.closeSync(stdin);
  });

  test("config.json counts as it was at create", differs({ runc: "reads it anew" }), () => {
    const container = waiting();
    const path = join(container.dir, "config.json");
    fs.writeFileSync(path, fs.readFileSync(path, "utf8").replace('"TERM=xterm"', '"TERM=other"'));
    expect(printed(container, "echo $TERM")).toBe("xterm\n");
  });
});

describe("options", () => {
  test("end at the container's id", () => {
    const container = waiting();
    expect(exec(container, container.id, "echo", "--user", "-t").stdout).toBe("--user -t\n");
    expect(exec(container, "--", container.id, "echo", "--").stdout).toBe("--\n");
  });

  test("--cwd and --env", () => {
    const container = waiting();
    expect(
      printed(container, "pwd; echo $A$B$TERM", "--cwd", "/etc", "-e", "A=1", "-e", "B=2=3", "-e", "TERM=x"),
    ).toBe("/etc\n12=3x\n");
  });

  test("--user and --additional-gids", differs({ crun: "has no --additional-gids" }), () => {
    const container = waiting();
    expect(printed(container, "id -u; id -g; id -G", "-u", "7")).toBe("7\n0\n0\n");
    expect(printed(container, "id -u; id -g; id -G", "-u", "7:8", "-g", "9", "-g", "10")).toBe(
      "7\n8\n8 9 10\n",
    );
  });

  test.each(["root", "-1", "4294967295", "4294967296", "1 ", "0:", ":"])(
    "--user %j is no number",
    differs({ crun: "takes it for 0", runc: "cuts it off at 32 bits" }),
    (user) => {
      const container = waiting((_, rootfs) => {
        fs.appendFileSync(join(rootfs, "etc/passwd"), "4294967296:x:0:0::/:/bin/sh\n");
      });
      expect(failure(exec(container, "--user", user, container.id, "true"))).toContain("as int for");
    },
  );

  test(
    "--cap adds to what there is, and nothing is inheritable",
    differs({ crun: "takes what there is" }),
    () => {
      const container = waiting();
      const CHOWN = 1n;
      for (const set of ["CapPrm", "CapEff", "CapBnd"]) {
        const before = BigInt(`0x${status(container, set)}`);
        expect(before & CHOWN).toBe(0n);
        expect(BigInt(`0x${status(container, set, "--cap", "CAP_CHOWN")}`), set).toBe(before | CHOWN);
      }
      expect(status(container, "CapInh", "--cap", "CAP_CHOWN")).toBe("0000000000000000");
      expect(status(container, "CapAmb", "--cap", "CAP_CHOWN")).toBe("0000000000000000");
    },
  );

  test("--no-new-privs", () => {
    const container = waiting((config) => {
      config.process.noNewPrivileges = false;
    });
    expect(status(container, "NoNewPrivs")).toBe("0");
    expect(status(container, "NoNewPrivs", "--no-new-privs")).toBe("1");
  });

  test("--process", () => {
    const container = waiting((config) => {
      config.process.user.umask = 0o77;
    });
    const file = processFile(container, {
      args: sh("id -u; umask; echo $A; pwd"),
      env: ["A=1"],
      cwd: "/tmp",
      user: { uid: 5, gid: 5 },
    });
    const { code, stdout, stderr } = exec(container, "--process", file, container.id);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toBe(`5\n${wording("0077", { crun: "0022", runc: "0022" })}\n1\n/tmp\n`);
    expect(exec(container, "-p", file, container.id).stdout).toBe(stdout);
  });

  test("--process leaves capabilities to config.json", differs({ crun: "takes none for none" }), () => {
    const container = waiting();
    const file = processFile(container, {
      args: sh("grep CapEff /proc/self/status /proc/1/status | cut -f2"),
    });
    const [own, first] = exec(container, "--process", file, container.id).stdout.split("\n");
    expect(own).toBe(first);
  });

  test("a process file that is wrong", () => {
    const container = waiting();
    const file = processFile(container, { cwd: "relative" });
    expect(failure(exec(container, "--process", file, container.id))).toContain(
      wording("Cwd must be an absolute path", { runt: "expected an absolute path", crun: "" }),
    );
    expect(failure(exec(container, "--process", "/nowhere", container.id))).toMatch(
      /no such file|No such file/,
    );
  });

  const LABELS = fs.existsSync("/sys/module/apparmor") || fs.existsSync("/sys/fs/selinux/enforce");
  test(
    "labels without the security module for them",
    LABELS ? { skip: true, meta: { skipped: "the host has one" } } : ofRunt("crun ignores them"),
    () => {
      const container = waiting();
      expect(failure(exec(container, "--apparmor", "x", container.id, "true"))).toContain(
        "apparmor not supported",
      );
      expect(failure(exec(container, "--process-label", "x", container.id, "true"))).toContain(
        "selinux is disabled",
      );
    },
  );

  test(
    "scheduler, I/O priority and personality of config.json hold, and not for the caller",
    differs({ runc: "1.1 has none", crun: "takes the environment only" }),
    () => {
      const container = waiting((config) => {
        Object.assign(config.process, {
          scheduler: { policy: "SCHED_BATCH", nice: 5 },
          ioPriority: { class: "IOPRIO_CLASS_IDLE", priority: 0 },
        });
        Object.assign(config.linux, { personality: { domain: "LINUX32" } });
      });
      const before = spawnSync("ionice").stdout.toString();
      expect(printed(container, "uname -m; ionice; cut -d' ' -f19,41 /proc/self/stat")).toBe(
        "i686\nidle\n5 3\n",
      );
      expect(spawnSync("ionice").stdout.toString()).toBe(before);
    },
  );

  test("a scheduler that no child inherits is an error", ofRunt("the others set it later"), () => {
    const file = (container: Container) => {
      const path = processFile(container, {});
      const process = JSON.parse(fs.readFileSync(path, "utf8"));
      process.scheduler = { policy: "SCHED_OTHER", flags: ["SCHED_FLAG_RESET_ON_FORK"] };
      fs.writeFileSync(path, JSON.stringify(process));
      return path;
    };
    const container = waiting();
    expect(failure(exec(container, "--process", file(container), container.id))).toContain(
      "/process/scheduler",
    );
  });
});

describe("the end", () => {
  test.each([
    ["exit 0", 0],
    ["exit 42", 42],
    ["kill -TERM $$", 143],
    ["kill -KILL $$", 137],
  ])("of %s is the exit code %i", (script, code) => {
    const container = waiting();
    expect(exec(container, container.id, ...sh(script)).code).toBe(code);
  });

  test("signals are handed on", async () => {
    const container = waiting();
    const script = "trap 'echo got; exit 9' USR1; echo ready; while :; do sleep 0.01; done";
    const child = spawn(runtime, ["--root", container.stateDir, "exec", container.id, ...sh(script)], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    let text = "";
    child.stdout.on("data", (data: Buffer) => {
      text += data;
    });
    await until(() => text.includes("ready"));
    child.kill("SIGUSR1");
    const [code] = await once(child, "close");
    expect(code).toBe(9);
    expect(text).toBe("ready\ngot\n");
  });

  test("the container goes on, and no process of the runtime stays", () => {
    const container = waiting();
    const path = join(container.dir, "pid");
    expect(exec(container, "-d", "--pid-file", path, container.id, ...WAITING).code).toBe(0);
    expect(container.state().status).toBe("running");
    const pids = JSON.parse(container.call("ps", "--format", "json", container.id).stdout) as number[];
    expect(pids).toContain(pidOf(path));
    expect(fs.readFileSync(`/proc/${pidOf(path)}/cmdline`, "utf8")).toBe(`${WAITING.join("\0")}\0`);
  });

  test("the pid file has bare digits, and is the process", () => {
    const container = waiting();
    const path = join(container.dir, "pid");
    const { stdout } = exec(container, "--pid-file", path, container.id, ...sh("exec cat /proc/self/status"));
    expect(fs.readFileSync(path, "utf8")).toMatch(/^[1-9]\d*$/);
    expect(stdout).toContain("Name:\tcat");
  });
});

describe("failure", () => {
  const cases: [string, string[], string][] = [
    ["no program", ["nosuch"], 'exec: "nosuch": executable file not found in $PATH'],
    ["no file", ["/no/such"], 'exec: "/no/such": stat /no/such: no such file or directory'],
    ["a file that is not executable", ["/etc/passwd"], 'exec: "/etc/passwd": permission denied'],
    ["a directory", ["/etc"], "/etc"],
    ["no arguments", [], "process args cannot be empty"],
  ];
  test.each(cases)("%s", (_, args, message) => {
    const container = waiting();
    const path = join(container.dir, "pid");
    for (const detach of [[], ["--detach"]]) {
      const result = exec(container, ...detach, "--pid-file", path, container.id, ...args);
      expect(String(result.code)).toMatch(new RegExp(`^${CODES}$`));
      expect(failure(result)).toContain(wording(message, { crun: "" }));
      expect(fs.existsSync(path)).toBe(false);
    }
  });

  test("no executable format", differs({ runc: "returns too early", crun: "returns too early" }), () => {
    const container = waiting((_, rootfs) => {
      fs.writeFileSync(join(rootfs, "bin/nonsense"), "nonsense", { mode: 0o755 });
    });
    const path = join(container.dir, "pid");
    const result = exec(container, "--detach", "--pid-file", path, container.id, "/bin/nonsense");
    expect(failure(result)).toMatch(/exec format error/i);
    expect(fs.existsSync(path)).toBe(false);
  });

  test("no working directory", differs({ crun: "takes that of the first one for /" }), () => {
    const container = waiting((config) => {
      config.process.cwd = "/tmp/work";
      config.root.readonly = false;
    });
    expect(printed(container, "pwd")).toBe("/tmp/work\n");
    printed(container, "cd /; rmdir /tmp/work");
    expect(failure(exec(container, container.id, "true"))).toMatch(/no such file or directory/i);
  });

  test("no container", () => {
    const container = bundle();
    const result = exec(container, container.id, "true");
    expect(failure(result)).toMatch(/does not exist|No such file/);
    expect(String(result.code)).toMatch(new RegExp(`^${CODES}$`));
  });

  test("of a container that has stopped", async () => {
    const container = waiting();
    container.kill("KILL");
    await stopped(container);
    expect(failure(exec(container, container.id, "true"))).toContain(
      wording("cannot exec in a stopped container", { crun: "is not running" }),
    );
  });

  test("of a container that is paused", () => {
    const container = waiting();
    container.call("pause", container.id);
    expect(failure(exec(container, container.id, "true"))).toContain(
      wording("cannot exec in a paused container (use --ignore-paused to override)", { crun: "is paused" }),
    );
    container.call("resume", container.id);
    expect(exec(container, container.id, "true").code).toBe(0);
  });

  test("a terminal that nobody would have", differs({ crun: "goes on" }), () => {
    const container = waiting();
    const { id } = container;
    expect(failure(exec(container, "--tty", "--detach", id, "true"))).toContain(
      "detach without setting console socket",
    );
    expect(failure(exec(container, "--console-socket", "/nowhere", id, "true"))).toContain(
      "will not detach or allocate tty",
    );
  });
});

test(
  "--ignore-paused waits until the container goes on",
  differs({ crun: "has no --ignore-paused" }),
  async () => {
    const container = waiting();
    container.call("pause", container.id);
    const result = container.callAsync("exec", "--ignore-paused", container.id, "echo", "on");
    const inside = () =>
      fs
        .readFileSync(join(cgroupOf(container), "cgroup.procs"), "utf8")
        .trim()
        .split("\n").length > 2;
    await until(inside);
    expect(container.call("resume", container.id).code).toBe(0);
    expect(await result).toMatchObject({ code: 0, stdout: "on\n" });
  },
);

describe("cgroups", () => {
  /** In a cgroup namespace of the host the container may make cgroups of its own. */
  const CHILDREN = "mkdir /sys/fs/cgroup/a /sys/fs/cgroup/b";
  const writable = (config: Config) => {
    config.mounts = config.mounts.map((mount) => {
      if (mount.type !== "cgroup") return mount;
      return { ...mount, options: mount.options?.filter((option) => option !== "ro") ?? [] };
    });
  };
  const OWN = "grep ^0:: /proc/self/cgroup";
  const HYBRID = differs({ runc: "uses version 1 here", crun: "uses version 1 here" });

  test("--cgroup names one below the container's", HYBRID, () => {
    const container = waiting(writable);
    printed(container, CHILDREN);
    expect(printed(container, OWN, "--cgroup", "a")).toBe("0::/a\n");
    expect(printed(container, OWN, "--cgroup", "/b/")).toBe("0::/b\n");
    expect(printed(container, OWN, "--cgroup", "/")).toBe("0::/\n");
    printed(container, "rmdir /sys/fs/cgroup/a /sys/fs/cgroup/b");
  });

  test.each(["..", "../other", "a/../..", "/../.."])("--cgroup %j leads out of it", HYBRID, (path) => {
    const container = waiting(writable);
    printed(container, "mkdir /sys/fs/cgroup/a");
    expect(failure(exec(container, "--cgroup", path, container.id, "true"))).toContain(
      "is not a sub cgroup path",
    );
  });

  test("--cgroup that is not there", HYBRID, () => {
    expect(failure(exec(waiting(), "--cgroup", "nowhere", "x"))).not.toBe("");
  });

  test("where the container has cgroups of its own, the process is where the first one is", {
    ...HYBRID,
    ...needs("pids"),
  }, () => {
    const container = waiting(writable);
    const move =
      "for p in $(cat /sys/fs/cgroup/cgroup.procs); do echo $p > /sys/fs/cgroup/a/cgroup.procs; done 2> /dev/null";
    printed(container, `${CHILDREN}; ${move}; echo +pids > /sys/fs/cgroup/cgroup.subtree_control`);
    expect(printed(container, OWN)).toBe("0::/a\n");
    expect(printed(container, OWN, "--cgroup", "b")).toBe("0::/b\n");
    expect(failure(exec(container, "--cgroup", "/", container.id, "true"))).toMatch(/busy/);
  });
});

describe("seccomp", () => {
  const FILTER = {
    defaultAction: "SCMP_ACT_ALLOW",
    syscalls: [{ names: ["mkdir", "mkdirat"], action: "SCMP_ACT_ERRNO", errnoRet: 1 }],
  };
  const CASES: Record<string, (process: Process) => void> = {
    no_new_privs: () => {},
    "a user without": (process) => {
      process.noNewPrivileges = false;
      process.user = { uid: 1000, gid: 1000 };
    },
    "root without, who may trace": (process) => {
      process.noNewPrivileges = false;
      process.capabilities?.bounding?.push("CAP_SYS_PTRACE");
    },
    "root without, who may do all": (process) => {
      process.noNewPrivileges = false;
      for (const set of ["bounding", "effective", "permitted"] as const)
        process.capabilities?.[set]?.push("CAP_SYS_ADMIN");
    },
  };
  test.each(Object.entries(CASES))(
    "the filter holds, and costs no capability: %s",
    differs({ crun: "runs it as root" }),
    (_, change) => {
      const container = waiting((config) => {
        config.linux.seccomp = FILTER;
        config.root.readonly = false;
        change(config.process);
      });
      expect(failure(exec(container, container.id, "mkdir", "/tmp/new"))).toContain(
        "Operation not permitted",
      );
      const lines = "grep -E '^(Cap|Seccomp:)' /proc/P/status";
      expect(printed(container, lines.replace("P", "self"))).toBe(
        printed(container, lines.replace("P", "1")),
      );
      expect(status(container, "Seccomp")).toBe("2");
    },
  );

  test("engines' default profile", () => {
    const container = waiting((config) => {
      config.linux.seccomp = DOCKER_PROFILE;
      config.process.noNewPrivileges = false;
      config.process.capabilities?.bounding?.push("CAP_SYS_PTRACE");
    });
    expect(printed(container, "echo fine", "--user", "1000")).toBe("fine\n");
  });
});

describe("namespaces", () => {
  test("of the user: root inside is nobody outside", () => {
    const mappings = [{ containerID: 0, hostID: 100_000, size: 65_536 }];
    const container = waiting((config) => {
      config.linux.namespaces.push({ type: "user" });
      config.linux.uidMappings = mappings;
      config.linux.gidMappings = mappings;
    });
    const path = join(container.dir, "pid");
    expect(printed(container, "id -u; cat /proc/self/uid_map | tr -s ' '")).toBe("0\n 0 100000 65536\n");
    expect(printed(container, "id -u; id -G", "--user", "9:9")).toBe("9\n9\n");
    expect(exec(container, "-d", "--pid-file", path, container.id, ...WAITING).code).toBe(0);
    expect(fs.readFileSync(`/proc/${pidOf(path)}/status`, "utf8")).toMatch(/^Uid:\t100000\t/m);
  });

  test("that the container has joined", differs({ runc: "leaves other processes behind" }), () => {
    const first = waiting();
    const { pid } = first.state();
    const second = waiting((config) => {
      for (const namespace of config.linux.namespaces) {
        if (namespace.type === "pid" || namespace.type === "network" || namespace.type === "ipc")
          namespace.path = `/proc/${pid}/ns/${namespace.type === "network" ? "net" : namespace.type}`;
      }
    });
    const link = (name: string) => fs.readlinkSync(`/proc/${pid}/ns/${name}`);
    expect(
      printed(second, "readlink /proc/self/ns/pid; readlink /proc/self/ns/net; readlink /proc/self/ns/ipc"),
    ).toBe(`${link("pid")}\n${link("net")}\n${link("ipc")}\n`);
  });

  test("of the host stay", differs({ runc: "leaves other processes behind" }), () => {
    const container = waiting((config) => without(config, "pid", "network", "ipc", "cgroup"));
    const links = ["pid", "net", "ipc"].map((name) => fs.readlinkSync(`/proc/self/ns/${name}`));
    expect(printed(container, "for n in pid net ipc; do readlink /proc/self/ns/$n; done")).toBe(
      `${links.join("\n")}\n`,
    );
    container.kill("KILL");
  });

  test("of time", differs({ runc: "1.1 has none", crun: "cannot join one" }), () => {
    const container = waiting((config) => {
      config.linux.namespaces.push({ type: "time" });
      config.linux.timeOffsets = { boottime: { secs: 1_000_000_000 } };
    });
    expect(Number(printed(container, "cut -d. -f1 /proc/uptime"))).toBeGreaterThan(1_000_000_000);
  });

  test(
    "without one of mounts the root filesystem is the root",
    differs({ runc: "leaves it on the host", crun: "leaves it on the host" }),
    () => {
      const container = waiting((config, rootfs) => {
        without(config, "mount");
        config.mounts = [];
        config.root.readonly = false;
        config.linux.maskedPaths = [];
        config.linux.readonlyPaths = [];
        fs.writeFileSync(join(rootfs, "mark"), "inside");
      });
      expect(printed(container, "cat /mark; pwd")).toBe("inside/\n");
    },
  );
});
