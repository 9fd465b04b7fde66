// Hooks: when each of them runs, where, with what, and what becomes of the container if it fails.

import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import * as fs from "node:fs";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { violations } from "../schema.ts";
import {
  bundle,
  type Container,
  differs,
  failure,
  readConfig,
  runtime,
  runtimeName,
  stopped,
  twin,
  until,
  wording,
  writeConfig,
} from "./bed.ts";
import { type Config, HOOK_KINDS, type Hook, type HookKind, type Hooks, sh } from "./config.ts";
import { stateOf } from "./leftovers.ts";

const RUNTIME_KINDS = ["prestart", "createRuntime", "poststart", "poststop"] as const;
const CONTAINER_KINDS = ["createContainer", "startContainer"] as const;
const AT_CREATE = ["prestart", "createRuntime", "createContainer"] as const;
/** As in version 1.0 of the specification, where they were part of `start`. */
const PRESTART_STATUS = runtimeName === "runt" ? "created" : "creating";
/** Those whose failure is an error. */
const FATAL = HOOK_KINDS.filter((kind) => kind !== "poststop");

/** A hook that runs a script; there is a shell at the same path on the host and in the container. */
function script(text: string, more: Partial<Hook> = {}): Hook {
  return { path: "/bin/sh", args: ["sh", "-c", text], env: ["PATH=/usr/sbin:/usr/bin:/sbin:/bin"], ...more };
}

/** For scripts: pid = that of the state. */
const READ_PID = `read -r state; pid=\${state#*'"pid":'}; pid=\${pid%%,*}`;

/** A container whose hooks, on both sides, see the directory `shared` at its path on the host. */
function hooked(hooks: (shared: string) => Hooks, edit: (config: Config, rootfs: string) => void = () => {}) {
  let shared = "";
  const container = bundle((config, rootfs) => {
    shared = join(rootfs, "..", "shared");
    fs.mkdirSync(shared, { mode: 0o777 });
    fs.chmodSync(shared, 0o777);
    // The root of another user namespace could not make it.
    fs.mkdirSync(join(rootfs, shared), { recursive: true });
    config.root.readonly = false;
    config.mounts.push({ destination: shared, source: shared, type: "none", options: ["bind", "rw"] });
    config.hooks = hooks(shared);
    edit(config, rootfs);
  });
  return { container, shared, read: (name: string) => fs.readFileSync(join(shared, name), "utf8") };
}

/** One hook of each kind, which runs a script that may use $KIND. */
function ofEachKind(text: string, kinds: readonly HookKind[] = HOOK_KINDS): Hooks {
  return Object.fromEntries(kinds.map((kind) => [kind, [script(`KIND=${kind}; ${text}`)]]));
}

/** From its creation to its end, with a program that waits to be killed. Returns the pid that it had. */
async function live(container: Container): Promise<number> {
  const config = readConfig(container);
  writeConfig(container, { ...config, process: { ...config.process, args: ["sleep", "1000"] } });
  container.create();
  const { pid } = container.state();
  container.start();
  container.kill("KILL");
  await stopped(container);
  container.delete();
  return pid;
}

/** In a run nobody orders poststart and startContainer but the specification. */
const kindsIn = (text: string) => lines(text).toSorted();
const ALL = HOOK_KINDS.toSorted();
const EARLY = "1.1.5 runs poststart at create";

const lines = (text: string) => text.trimEnd().split("\n");

describe("hooks run", () => {
  const order = differs({ runc: EARLY, crun: "start does not wait for startContainer" });
  test("in the order of the lifecycle and of the list", order, async () => {
    const { container, read } = hooked(
      (shared) =>
        Object.fromEntries(
          HOOK_KINDS.map((kind) => [kind, [1, 2].map((n) => script(`echo ${kind} ${n} >> ${shared}/log`))]),
        ),
      (config) => {
        config.process.args = ["sleep", "1000"];
      },
    );
    const twice = (kinds: readonly string[]) => kinds.flatMap((kind) => [`${kind} 1`, `${kind} 2`]);
    container.create();
    expect(lines(read("log"))).toEqual(twice(AT_CREATE));
    container.start();
    expect(lines(read("log"))).toEqual(twice(FATAL));
    container.kill("KILL");
    await stopped(container);
    expect(lines(read("log"))).toEqual(twice(FATAL));
    container.delete();
    expect(lines(read("log"))).toEqual(twice(HOOK_KINDS));
  });

  test("all of them in a run in the foreground", differs({ runc: EARLY }), () => {
    const { container, read } = hooked((shared) => ofEachKind(`echo $KIND >> ${shared}/log`));
    expect(container.run()).toMatchObject({ code: 0 });
    expect(lines(read("log"))).toEqual(HOOK_KINDS);
  });

  test(
    "with the runtime's oom_score_adj, and not with the container's",
    differs({ runc: "with that one" }),
    () => {
      const { container, read } = hooked(
        (shared) =>
          ofEachKind(`cat /proc/self/oom_score_adj >> ${shared}/score`, ["createRuntime", "poststart"]),
        (config) => {
          config.process.oomScoreAdj = 777;
        },
      );
      expect(container.run()).toMatchObject({ code: 0 });
      const own = fs.readFileSync("/proc/self/oom_score_adj", "utf8");
      expect(read("score")).toBe(own + own);
    },
  );

  test("poststop at delete --force", () => {
    const { container, read } = hooked((shared) => ofEachKind(`echo $KIND >> ${shared}/log`, ["poststop"]));
    container.create();
    container.delete("--force");
    expect(read("log")).toBe("poststop\n");
  });

  test("poststop when nothing is left of the container", differs({ crun: "removes it later" }), () => {
    const { container, read } = hooked((shared) => ({
      poststop: [script(`ls ${join(shared, "..", "state")} > ${shared}/left`)],
    }));
    expect(container.run().code).toBe(0);
    expect(read("left")).not.toContain(container.id);
  });

  test("poststop where the bundle is gone", differs({ crun: "does not run it then" }), () => {
    const { container } = hooked((shared) => ({ poststop: [script(`pwd > ${join(shared, "..")}.pwd`)] }));
    const { dir, id } = container;
    const [stateDir, moved] = [`${dir}.state`, `${dir}.moved`];
    onTestFinished(() => {
      for (const path of [stateDir, `${dir}.pwd`]) fs.rmSync(path, { recursive: true, force: true });
    });
    expect(container.call("--root", stateDir, "create", id).code).toBe(0);
    fs.renameSync(dir, moved);
    const { status } = spawnSync(runtime, ["--root", stateDir, "delete", "--force", id], { cwd: "/" });
    fs.renameSync(moved, dir);
    expect(status).toBe(0);
    expect(fs.readFileSync(`${dir}.pwd`, "utf8")).toBe("/\n");
  });

  test("startContainer before the program, with the one process that it becomes", () => {
    const { container, read } = hooked(
      (shared) => ({ startContainer: [script(`echo hook > ${shared}/log; echo $PPID >> ${shared}/log`)] }),
      (config) => {
        config.process.args = sh("exit 7");
      },
    );
    expect(container.run().code).toBe(7);
    expect(read("log")).toBe("hook\n1\n");
  });

  test("poststart when the program has been executed", differs({ runc: EARLY }), () => {
    const { container, read } = hooked(
      (shared) => ({
        poststart: [script(`${READ_PID}; cat /proc/$pid/cmdline > ${shared}/line`)],
      }),
      (config) => {
        config.process.args = ["sleep", "1000"];
      },
    );
    container.create();
    container.start();
    expect(read("line")).toBe("sleep\x001000\x00");
  });

  test("none are asked for by empty lists", () => {
    const { container } = hooked(() => Object.fromEntries(HOOK_KINDS.map((kind) => [kind, []])));
    expect(container.run().code).toBe(0);
  });
});

describe("the state on standard input", () => {
  test(
    "has the status of the moment, and the pid as the hook sees it",
    differs({ runc: EARLY, crun: "says created, running for starting, pid 0, and its own version" }),
    async () => {
      const { container, read } = hooked(
        (shared) => ofEachKind(`cat > ${shared}/$KIND`),
        (config) => {
          config.annotations = { "com.example.key": 'v"\u00e9\n' };
        },
      );
      const pid = await live(container);
      const { ociVersion, annotations } = readConfig(container);
      const common = { ociVersion, id: container.id, bundle: container.dir, annotations };
      const states = Object.fromEntries(HOOK_KINDS.map((kind) => [kind, JSON.parse(read(kind))]));
      for (const kind of HOOK_KINDS) expect(violations("state", states[kind])).toEqual([]);
      expect(states).toEqual({
        prestart: { ...common, status: PRESTART_STATUS, pid },
        createRuntime: { ...common, status: "creating", pid },
        createContainer: { ...common, status: "creating", pid: 1 },
        startContainer: { ...common, status: "created", pid: 1 },
        poststart: { ...common, status: "running", pid },
        poststop: { ...common, status: "stopped", pid: 0 },
      });
    },
  );

  test("has the host's pid where the container has no pid namespace", differs({ crun: "says 0" }), () => {
    const { container, read } = hooked(
      (shared) => ofEachKind(`cat > ${shared}/$KIND`, ["createRuntime", "createContainer"]),
      (config) => {
        config.linux.namespaces = config.linux.namespaces.filter(({ type }) => type !== "pid");
        config.process.args = ["sleep", "1000"];
      },
    );
    container.create();
    const { pid } = container.state();
    expect(JSON.parse(read("createRuntime"))).toMatchObject({ pid });
    expect(JSON.parse(read("createContainer"))).toMatchObject({ pid });
  });

  const LONG = "x".repeat(1 << 20);
  const withLong = (config: Config) => {
    config.annotations = { long: LONG };
  };

  test("may be long", () => {
    const { container, read } = hooked((shared) => ofEachKind(`cat > ${shared}/$KIND`), withLong);
    expect(container.run().code).toBe(0);
    for (const kind of HOOK_KINDS) expect(JSON.parse(read(kind)).annotations.long).toHaveLength(LONG.length);
  });

  test("need not be read, and may be closed", differs({ crun: "fails, if it is not read in time" }), () => {
    const { container, read } = hooked(
      (shared) => ofEachKind(`exec 0<&-; echo $KIND >> ${shared}/log`),
      withLong,
    );
    expect(container.run().code).toBe(0);
    expect(kindsIn(read("log"))).toEqual(ALL);
  });

  test("is the whole state for each hook, whatever those before have read or tried to write", () => {
    const { container, read } = hooked((shared) => {
      const kind = [
        script("cat > /dev/null; (echo garbage >&0; echo > /proc/self/fd/0) 2> /dev/null; exit 0"),
      ];
      return { createContainer: [...kind, script(`cat > ${shared}/second`)] };
    });
    expect(container.run().code).toBe(0);
    expect(JSON.parse(read("second"))).toMatchObject({ id: container.id });
  });
});

const NAMESPACES = ["mnt", "pid", "net", "ipc", "uts", "cgroup"];

/** Of a process, as the host's /proc shows them. */
function namespacesOf(pid: number | "self"): string[] {
  return NAMESPACES.map((name) => fs.readlinkSync(`/proc/${pid}/ns/${name}`));
}

describe("hooks are run", () => {
  const readNamespaces = (shared: string) =>
    `for n in ${NAMESPACES.join(" ")}; do readlink /proc/self/ns/$n; done > ${shared}/$KIND`;
  const cgroupNamespace = (config: Config) => {
    config.linux.namespaces.push({ type: "cgroup" });
    config.process.args = ["sleep", "1000"];
  };

  test("in the namespaces of the runtime, or of the container", () => {
    const { container, read } = hooked(
      (shared) => ofEachKind(readNamespaces(shared)),
      (config) => {
        config.linux.namespaces = config.linux.namespaces.filter(({ type }) => type !== "cgroup");
        cgroupNamespace(config);
      },
    );
    container.create();
    container.start();
    const own = namespacesOf(container.state().pid);
    expect(own).not.toEqual(namespacesOf("self"));
    for (const kind of CONTAINER_KINDS) expect({ kind, in: lines(read(kind)) }).toEqual({ kind, in: own });
    container.delete("--force");
    for (const kind of RUNTIME_KINDS) {
      expect({ kind, in: lines(read(kind)) }).toEqual({ kind, in: namespacesOf("self") });
    }
  });

  test("with the user namespace of the container", differs({ crun: "1.8.1 makes it another way" }), () => {
    const { container, read } = hooked(
      (shared) => ofEachKind(`readlink /proc/self/ns/user > ${shared}/$KIND; id -u >> ${shared}/$KIND`),
      (config) => {
        config.linux.namespaces.push({ type: "user" });
        config.linux.uidMappings = [{ containerID: 0, hostID: 100000, size: 65536 }];
        config.linux.gidMappings = [{ containerID: 0, hostID: 100000, size: 65536 }];
        config.process.args = ["sleep", "1000"];
      },
    );
    container.create();
    container.start();
    const own = fs.readlinkSync(`/proc/${container.state().pid}/ns/user`);
    for (const kind of CONTAINER_KINDS)
      expect({ kind, in: lines(read(kind)) }).toEqual({ kind, in: [own, "0"] });
    const ours = fs.readlinkSync("/proc/self/ns/user");
    expect(lines(read("poststart"))).toEqual([ours, "0"]);
  });

  test("in the cgroup of the runtime, or of the container", () => {
    const kinds = ["createRuntime", "createContainer", "startContainer"] as const;
    const { container, read } = hooked(
      (shared) => ofEachKind(`cat /proc/self/cgroup > ${shared}/$KIND`, kinds),
      (config) => {
        config.linux.namespaces = config.linux.namespaces.filter(({ type }) => type !== "cgroup");
      },
    );
    expect(container.run().code).toBe(0);
    expect(read("createRuntime")).not.toContain(container.id);
    expect(read("createContainer")).toContain(wording(container.id, { crun: "" }));
    expect(read("startContainer")).toContain(container.id);
  });

  test("under the container's device filter", differs({ crun: "sets none" }), () => {
    const { container, read } = hooked(
      (shared) => ofEachKind(`(: < ${shared}/disk) 2> ${shared}/$KIND; true`, CONTAINER_KINDS),
      (_, rootfs) => void spawnSync("mknod", [join(rootfs, "../shared/disk"), "b", "7", "0"]),
    );
    expect(container.run().code).toBe(0);
    for (const kind of CONTAINER_KINDS) expect(read(kind)).toContain("not permitted");
  });

  test.each(["createRuntime", "createContainer"] as const)(
    "where what %s mounts below the path of the root is in the container",
    (kind) => {
      const enter = kind === "createRuntime" ? `${READ_PID}; nsenter --mount=/proc/$pid/ns/mnt` : "";
      const { container, read } = hooked(
        (shared) => {
          const target = join(shared, "..", "rootfs", "mnt");
          return { [kind]: [script(`${enter} mount --bind ${shared} ${target}`)] };
        },
        (config, rootfs) => {
          fs.mkdirSync(join(rootfs, "mnt"), { recursive: true });
          config.process.args = sh("echo seen > /mnt/answer; ls -d /proc/self");
        },
      );
      const { code, stdout } = container.run();
      expect({ code, stdout }).toEqual({ code: 0, stdout: "/proc/self\n" });
      expect(read("answer")).toBe("seen\n");
      expect(fs.readdirSync(join(container.rootfs, "mnt"))).toEqual([]);
    },
  );

  test("on a mount of the host that is shared, which sees nothing of it", () => {
    const { container, read } = hooked(
      (shared) => ({ createContainer: [script(`ls ${join(shared, "..", "rootfs")}/proc > ${shared}/list`)] }),
      (config) => {
        config.linux.rootfsPropagation = "rshared";
        config.process.args = ["sleep", "1000"];
      },
    );
    const { dir } = container;
    spawnSync("mount", ["--bind", "--make-shared", dir, dir]);
    onTestFinished(() => void spawnSync("umount", ["--lazy", dir]));
    const mounts = () =>
      lines(fs.readFileSync("/proc/self/mountinfo", "utf8")).filter((one) => one.includes(dir));
    const before = mounts();
    expect(before).toHaveLength(1);
    container.create();
    expect(mounts()).toEqual(before);
    expect(lines(read("list"))).toContain("mounts");
    container.delete("--force");
  });

  test("by the path of the root with what is mounted in it", () => {
    const { container, read } = hooked((shared) => ({
      createContainer: [script(`ls ${join(shared, "..", "rootfs")}/proc > ${shared}/list`)],
    }));
    expect(container.run().code).toBe(0);
    expect(lines(read("list"))).toContain("mounts");
  });

  test("with the network namespace of the container at /proc/PID/ns/net", () => {
    const { container, read } = hooked(
      (shared) => ({
        prestart: [script(`${READ_PID}; readlink /proc/$pid/ns/net > ${shared}/net`)],
      }),
      (config) => {
        config.process.args = ["sleep", "1000"];
      },
    );
    container.create();
    expect(read("net").trim()).toBe(fs.readlinkSync(`/proc/${container.state().pid}/ns/net`));
  });

  test("with --no-pivot as well", () => {
    const { container, read } = hooked((shared) => ofEachKind(`echo $KIND >> ${shared}/log`));
    expect(container.run("--no-pivot").code).toBe(0);
    expect(kindsIn(read("log"))).toEqual(ALL);
  });
});

describe("arguments, environment and directory", () => {
  test("args are the whole argv, and without them it is the path", differs({ crun: "needs args" }), () => {
    const { container, read } = hooked((shared) => {
      const path = join(shared, "hook");
      fs.writeFileSync(path, `#!/bin/sh\necho "$0 $#" >> ${shared}/log\n`, { mode: 0o755 });
      const named = { path: "/bin/sh", args: ["name", "-c", `echo "$0" >> ${shared}/log`] };
      return {
        createRuntime: [{ path }, named],
        createContainer: [{ path }, named],
        startContainer: [{ path }],
      };
    });
    expect(container.run().code).toBe(0);
    const own = `${join(container.dir, "shared", "hook")} 0`;
    expect(lines(read("log"))).toEqual([own, "name", own, "name", own]);
  });

  const printEnvironment =
    (shared: string) =>
    (kind: HookKind, env?: string[]): Hook => ({
      path: "/bin/dd",
      args: ["dd", "if=/proc/self/environ", `of=${shared}/${kind}`],
      ...(env && { env }),
    });
  const variables = (text: string) => text.split("\0").slice(0, -1);

  test("env is all of the environment", differs({ runc: "drops what is there twice" }), () => {
    const env = ["PATH=/usr/bin:/bin", "B=2", "A=1 ", "B=3"];
    const { container, read } = hooked((shared) => {
      const hook = printEnvironment(shared);
      return Object.fromEntries(HOOK_KINDS.map((kind) => [kind, [hook(kind, env)]]));
    });
    expect(container.run().code).toBe(0);
    for (const kind of HOOK_KINDS) expect({ kind, env: variables(read(kind)) }).toEqual({ kind, env });
  });

  test(
    "without env it is that of the runtime, of the container's process for startContainer, and none for createContainer",
    differs({
      runc: "1.1.5 has no environment for startContainer",
      crun: "gives that of the runtime to all",
    }),
    () => {
      const { container, read } = hooked(
        (shared) => {
          const hook = printEnvironment(shared);
          return Object.fromEntries(HOOK_KINDS.map((kind) => [kind, [hook(kind)]]));
        },
        (config) => {
          config.process.env = ["PATH=/bin", "LD_PRELOAD=./poc.so", "INSIDE=1"];
        },
      );
      expect(container.callWith({ env: { OUTSIDE: "1" } }, "run", container.id).code).toBe(0);
      for (const kind of RUNTIME_KINDS) {
        expect(variables(read(kind))).toContain("OUTSIDE=1");
        expect(read(kind)).not.toMatch(/INSIDE|LD_PRELOAD/);
      }
      expect(read("createContainer")).toBe("");
      expect(variables(read("startContainer"))).toEqual([
        "PATH=/bin",
        "LD_PRELOAD=./poc.so",
        "INSIDE=1",
        "HOME=/root",
      ]);
    },
  );

  test("an empty env is none", differs({ crun: "takes it for that of the runtime" }), () => {
    const { container, read } = hooked((shared) => {
      const hook = printEnvironment(shared);
      return { createRuntime: [hook("createRuntime", [])], createContainer: [hook("createContainer", [])] };
    });
    expect(container.run().code).toBe(0);
    expect([read("createRuntime"), read("createContainer")]).toEqual(["", ""]);
  });

  test(
    "the directory is the bundle on the host, and cwd in the container",
    differs({ runc: "starts createContainer in the root filesystem", crun: "starts startContainer in /" }),
    () => {
      const { container, read } = hooked(
        (shared) => ofEachKind(`pwd > ${shared}/$KIND; umask >> ${shared}/$KIND`),
        (config) => {
          config.process.cwd = "/tmp";
          config.process.user.umask = 0o77;
        },
      );
      expect(container.callWith({ cwd: "/" }, "run", "--bundle", container.dir, container.id).code).toBe(0);
      for (const kind of HOOK_KINDS.filter((name) => name !== "startContainer")) {
        expect({ kind, is: lines(read(kind)) }).toEqual({ kind, is: [container.dir, "0022"] });
      }
      expect(lines(read("startContainer"))).toEqual(["/tmp", "0077"]);
    },
  );
});

describe("nothing of the runtime gets into hooks:", () => {
  test(
    "descriptors are 0, 1 and 2",
    differs({ runc: "leaks those of its own", crun: "leaks those of --preserve-fds" }),
    () => {
      // The shell keeps descriptor 10, to get its output back.
      const numbers = Array.from({ length: 50 }, (_, fd) => fd).filter((fd) => fd !== 10);
      const { container, read } = hooked((shared) =>
        ofEachKind(
          `for fd in ${numbers.join(" ")}; do [ -e /proc/self/fd/$fd ] && echo $fd; done > ${shared}/$KIND; :`,
        ),
      );
      const fds = [fs.openSync("/dev/null", "r"), fs.openSync("/", "r")];
      onTestFinished(() => fds.forEach(fs.closeSync));
      expect(container.callWith({ fds }, "run", "--preserve-fds", "2", container.id).code).toBe(0);
      for (const kind of HOOK_KINDS) {
        expect({ kind, found: lines(read(kind)) }).toEqual({ kind, found: ["0", "1", "2"] });
      }
    },
  );

  test(
    "signals have their default dispositions, and none is blocked",
    differs({ runc: "keeps what is ignored", crun: "blocks signals, and keeps what is ignored" }),
    () => {
      // Not by a shell: that of the container ignores SIGQUIT.
      const copy = (file: string) => ["sed", "-n", "-E", `/^Sig(Blk|Ign)/w ${file}`, "/proc/self/status"];
      const { container, read } = hooked((shared) =>
        Object.fromEntries(
          HOOK_KINDS.map((kind) => [kind, [{ path: "/bin/sed", args: copy(join(shared, kind)) }]]),
        ),
      );
      const under = ["sh", "-c", 'trap "" HUP PIPE USR1; exec "$@"', "sh"];
      expect(container.callWith({ under }, "run", container.id).code).toBe(0);
      for (const kind of HOOK_KINDS) {
        expect({ kind, is: read(kind) }).toEqual({
          kind,
          is: "SigBlk:\t0000000000000000\nSigIgn:\t0000000000000000\n",
        });
      }
    },
  );

  test(
    "standard streams, even where the caller has closed them",
    differs({ runc: "is written in Go", crun: "needs them" }),
    () => {
      const { container, read } = hooked((shared) =>
        ofEachKind(`cat > ${shared}/$KIND; echo out; echo err >&2`),
      );
      const under = ["sh", "-c", 'exec "$@" 0<&- 1>&- 2>&-', "sh"];
      expect(container.callWith({ under }, "run", container.id).code).toBe(0);
      for (const kind of HOOK_KINDS) expect(JSON.parse(read(kind))).toMatchObject({ id: container.id });
    },
  );
});

/** What has to fail: creating, or starting a created container. */
function fail(container: Container, kind: HookKind): string {
  const isStart = kind === "startContainer" || kind === "poststart";
  if (isStart) container.create();
  return failure(isStart ? container.call("start", container.id) : container.call("create", container.id));
}

/** What came of the container: nothing may. */
function rest(container: Container): string[] {
  return stateOf(container.stateDir);
}

const POSTSTOP = (shared: string) => ({ poststop: [script(`cat > ${shared}/poststop`)] });
const UNTOLD = { runc: `does not tell start of it, or ${EARLY}`, crun: "does not tell start of it" };
const KEEPS = { runc: "leaves it stopped", crun: "leaves it" };
const isStart = (kind: HookKind) => kind === "startContainer" || kind === "poststart";

describe.each(FATAL)("a %s hook that fails", (kind) => {
  const undone = isStart(kind) ? differs(KEEPS) : differs({ crun: "has no poststop then" });
  const unexecuted = differs({ ...(isStart(kind) && UNTOLD), crun: "gives it to a shell, or does not tell" });
  const told = isStart(kind) ? differs(UNTOLD) : {};

  test("is the error, with its number and what it has printed", told, () => {
    const { container } = hooked((shared) => ({
      [kind]: [script("exit 0"), script("echo out; echo err >&2; exit 3"), script(`touch ${shared}/third`)],
    }));
    const message = fail(container, kind);
    expect(message).toContain(wording("exit status 3", { crun: "error executing hook" }));
    expect(message).toContain(wording("hook #1", { crun: "3" }));
    if (runtimeName === "runt") {
      expect(message).toContain(
        `/hooks/${kind}/1: error running ${kind} hook #1: exit status 3, stdout: out, stderr: err`,
      );
    }
    expect(fs.existsSync(join(container.dir, "shared", "third"))).toBe(false);
  });

  test("takes the container back, and runs poststop", undone, () => {
    const { container, read } = hooked((shared) => ({ [kind]: [script("exit 1")], ...POSTSTOP(shared) }));
    fail(container, kind);
    expect(rest(container)).toEqual([]);
    expect(JSON.parse(read("poststop"))).toMatchObject({ id: container.id, status: "stopped" });
  });

  test("makes run fail, which leaves nothing", kind === "poststart" ? differs(UNTOLD) : {}, () => {
    const { container } = hooked(
      () => ({ [kind]: [script("exit 1")] }),
      (config) => {
        config.process.args = ["sleep", "1000"];
      },
    );
    failure(container.run());
    expect(rest(container)).toEqual([]);
  });

  test("by a signal", told, () => {
    const { container } = hooked(() => ({ [kind]: [script("kill -9 $$")] }));
    expect(fail(container, kind)).toContain(
      wording("killed by signal 9", { runc: "signal: killed", crun: "hook" }),
    );
  });

  test("by its time is killed", told, () => {
    const { container, shared } = hooked((shared) => ({
      [kind]: [script(`echo waits; echo $$ > ${shared}/pid; exec sleep 1000`, { timeout: 1 })],
    }));
    const message = fail(container, kind);
    expect(message).toContain(wording("hook ran past specified timeout of 1.0s", { crun: "timeout" }));
    if (!isStart(kind) && kind !== "createContainer") {
      const pid = fs.readFileSync(join(shared, "pid"), "utf8").trim();
      expect(fs.existsSync(`/proc/${pid}/cwd`)).toBe(false);
    }
  });

  test("since there is no such file", told, () => {
    const { container } = hooked(() => ({ [kind]: [{ path: "/bin/true" }, { path: "/no/such" }] }));
    const message = fail(container, kind);
    expect(message).toContain(wording("/no/such", { crun: "hook" }));
    if (runtimeName === "runt") expect(message).toContain(`/hooks/${kind}/1/path: `);
  });

  test.each([
    ["that is not executable", 0o644, "#!/bin/sh\n", "EACCES"],
    ["without an interpreter", 0o755, "exit 0\n", "ENOEXEC"],
    ["whose interpreter is missing", 0o755, "#!/no/such\n", "ENOENT"],
  ])("since it is a file %s", unexecuted, (_, mode, content, errno) => {
    const { container } = hooked((shared) => {
      fs.writeFileSync(join(shared, "hook"), content, { mode });
      return { [kind]: [{ path: join(shared, "hook") }] };
    });
    const message = fail(container, kind);
    if (runtimeName === "runt") expect(message).toContain(`: ${errno}: `);
  });
});

test("more output than a message takes does not stop a hook, and its end is what is told", () => {
  const { container } = hooked(() => ({
    createRuntime: [script("yes | head -c 3000000; yes | head -c 3000000 >&2; echo the end >&2; exit 2")],
  }));
  const message = failure(container.run());
  expect(message).toContain(wording("the end", { crun: "" }));
  expect(message.length).toBeLessThan(runtimeName === "runt" ? 50_000 : 10_000_000);
});

test(
  "what a hook prints cannot control the terminal",
  differs({ runc: "quotes it", crun: "shows nothing" }),
  () => {
    const { container } = hooked(() => ({
      startContainer: [script(String.raw`printf '\033]0;title\a\nrunt: '; exit 1`)],
    }));
    // biome-ignore lint/suspicious/noControlCharactersInRegex: what must not be there.
    expect(failure(container.run())).not.toMatch(/\x1b|\x07|\nrunt: /);
  },
);

describe("a poststop hook that fails", () => {
  test(
    "is a warning, and the others run",
    differs({ runc: "1.1.5 ends at it", crun: "says nothing" }),
    () => {
      const { container, read } = hooked((shared) => ({
        poststop: [script("echo why >&2; exit 1"), { path: "/no/such" }, script(`echo last > ${shared}/log`)],
      }));
      const { code, stderr } = container.run();
      expect(code).toBe(0);
      expect(stderr).toContain("exit status 1");
      expect(stderr).toContain("/no/such");
      expect(read("log")).toBe("last\n");
      expect(rest(container)).toEqual([]);
    },
  );

  test("does not make delete fail", async () => {
    const { container } = hooked(() => ({ poststop: [script("exit 1")] }));
    container.create();
    container.start();
    await stopped(container);
    container.delete();
    expect(rest(container)).toEqual([]);
  });
});

const WAITS = "waits until all that has its output open has ended";

describe("a process that a hook leaves behind, with its output open,", () => {
  const behind = (shared: string) => script(`sleep 1000 & echo $! > ${shared}/pid`, { timeout: 10 });

  test.each(["createRuntime", "poststart", "poststop"] as const)(
    "is not waited for: %s",
    differs({ runc: WAITS, crun: WAITS }),
    (kind) => {
      const { container, read } = hooked((shared) => ({ [kind]: [behind(shared)] }));
      const { code } = container.run();
      process.kill(Number(read("pid")), "SIGKILL");
      expect(code).toBe(0);
    },
  );

  test.each(CONTAINER_KINDS)("ends with the container: %s", differs({ runc: WAITS }), (kind) => {
    const { container } = hooked((shared) => ({ [kind]: [behind(shared)] }));
    // The bed looks for processes that are left.
    expect(container.run().code).toBe(0);
  });
});

test("no container of the same id: the hooks of the other one do not run", () => {
  const { container, read } = hooked((shared) => ofEachKind(`echo $KIND >> ${shared}/log`, ["poststop"]));
  container.create();
  failure(twin(container, container.id).call("create", container.id));
  container.delete("--force");
  expect(read("log")).toBe("poststop\n");
});

test("the bundle may change after create: hooks are those of then", async () => {
  const { container, read } = hooked((shared) => ofEachKind(`echo $KIND >> ${shared}/log`));
  container.create();
  writeConfig(container, { ...readConfig(container), hooks: {} });
  container.start();
  await stopped(container);
  container.delete();
  expect(kindsIn(read("log"))).toEqual(ALL);
});

test(
  "a runtime that is killed while a hook runs leaves what delete --force removes",
  differs({ runc: "leaves its process", crun: "leaves its cgroup" }),
  () => {
    const { container, read } = hooked((shared) => ({
      createRuntime: [script("kill -9 $PPID")],
      ...POSTSTOP(shared),
    }));
    expect(container.call("create", container.id).code).toBe(null);
    container.delete("--force");
    expect(rest(container)).toEqual([]);
    if (runtimeName === "runt") expect(JSON.parse(read("poststop")).status).toBe("stopped");
  },
);

test(
  "a start that is killed while a hook runs stops the container",
  differs({ runc: "leaves the hook to its process", crun: "does not wait" }),
  async () => {
    const { container, shared } = hooked((inside) => ({
      startContainer: [script(`echo > ${inside}/begun; read -r line < ${inside}/fifo`)],
    }));
    spawnSync("mkfifo", [join(shared, "fifo")]);
    container.create();
    const start = spawn(runtime, ["--root", container.stateDir, "start", container.id]);
    await until(() => fs.existsSync(join(shared, "begun")));
    start.kill("SIGKILL");
    await once(start, "exit");
    fs.writeFileSync(join(shared, "fifo"), "\n");
    await stopped(container);
    container.delete();
  },
);

test(
  "a hook may ask for the state",
  differs({ runc: "knows no such container yet", crun: "knows no such container yet" }),
  () => {
    const { container, read } = hooked((shared) => {
      const state = join(shared, "..", "state");
      const ask = `${runtime} --root ${state} state $(ls ${state} | grep -v @)`;
      return ofEachKind(`${ask} > ${shared}/$KIND`, ["createRuntime", "poststart"]);
    });
    expect(container.run().code).toBe(0);
    expect(JSON.parse(read("createRuntime"))).toMatchObject({ id: container.id, status: "creating" });
    expect(JSON.parse(read("poststart"))).toMatchObject({ id: container.id });
  },
);

describe("startContainer is a guest of the container", () => {
  const hook = { path: "/hook", env: ["PATH=/bin"] };

  test("with the user, the privileges and the root of its process", () => {
    const print = "id -u; grep -E '^(Cap(Inh|Prm|Eff|Bnd|Amb)|NoNewPrivs)' /proc/self/status; ls /";
    const { container, read } = hooked(
      (shared) => ({ startContainer: [script(`(${print}) > ${shared}/hook`)] }),
      (config, rootfs) => {
        fs.mkdirSync(join(rootfs, "here"));
        config.process.user = { uid: 1234, gid: 1234 };
        config.process.noNewPrivileges = true;
        config.process.args = sh(print);
      },
    );
    const { code, stdout } = container.run();
    expect(code).toBe(0);
    expect(stdout).toContain("here");
    expect(read("hook")).toBe(stdout);
  });

  test.each([true, false])("under its filter, with noNewPrivileges: %s", (noNewPrivileges) => {
    const { container, read } = hooked(
      (shared) => ({
        startContainer: [script(`grep Seccomp: /proc/self/status > ${shared}/hook; mkdir /x`)],
      }),
      (config) => {
        config.process.noNewPrivileges = noNewPrivileges;
        config.linux.seccomp = {
          defaultAction: "SCMP_ACT_ALLOW",
          syscalls: [{ names: ["mkdir", "mkdirat"], action: "SCMP_ACT_ERRNO", errnoRet: 28 }],
        };
      },
    );
    expect(failure(container.run())).toContain("No space left on device");
    expect(read("hook")).toBe("Seccomp:\t2\n");
  });

  test("whatever the image has put in its place", () => {
    const { container } = hooked(
      () => ({ startContainer: [hook] }),
      (_, rootfs) => {
        fs.writeFileSync(
          join(rootfs, "hook"),
          "#!/bin/sh\nls / /proc/1/root/../.. > /out 2> /dev/null; :\n",
          {
            mode: 0o755,
          },
        );
        fs.mkdirSync(join(rootfs, "here"));
      },
    );
    expect(container.run().code).toBe(0);
    const found = lines(fs.readFileSync(join(container.rootfs, "out"), "utf8"));
    expect(found).toContain("here");
    const own = fs.readdirSync(container.rootfs);
    expect(found.filter((name) => name !== "" && !name.endsWith(":") && !own.includes(name))).toEqual([]);
  });

  test("through a symbolic link, which is the container's", () => {
    const { container } = hooked(
      () => ({ startContainer: [{ ...hook, args: ["sh", "-c", "echo linked > /out"] }] }),
      (_, rootfs) => {
        fs.mkdirSync(join(rootfs, "here"));
        fs.copyFileSync(join(rootfs, "bin/busybox"), join(rootfs, "here/sh"));
        fs.symlinkSync("/here/sh", join(rootfs, "hook"));
      },
    );
    expect(container.run().code).toBe(0);
    expect(fs.readFileSync(join(container.rootfs, "out"), "utf8")).toBe("linked\n");
  });
});
