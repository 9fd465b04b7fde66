// The life of a container: which command is allowed when, what it says when it is not, and what it leaves.

import { randomUUID } from "node:crypto";
import * as fs from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import {
  bundle,
  type Container,
  differs,
  failure,
  readConfig,
  stopped,
  twin,
  until,
  wording,
  writeConfig,
} from "./bed.ts";
import { type Config, sh } from "./config.ts";
import { stateOf } from "./leftovers.ts";

const LONG = ["sleep", "1000"];

/** A container of this status, which has no other business. */
async function containerThatIs(status: "created" | "running" | "stopped"): Promise<Container> {
  const container = bundle((config) => {
    config.process.args = LONG;
  });
  container.create();
  if (status === "created") return container;
  container.start();
  if (status === "running") return container;
  container.kill("KILL");
  await stopped(container);
  return container;
}

describe("from create to delete", () => {
  test("create makes it created, start running, the end of its process stopped, and delete nothing", async () => {
    const container = bundle((config) => {
      config.process.args = LONG;
    });
    container.create();
    const created = container.state();
    expect(created).toMatchObject({ id: container.id, status: "created", bundle: container.dir });
    expect(created.pid).toBeGreaterThan(0);
    expect(created.ociVersion).toMatch(/^1\.\d+\.\d+/);
    container.start();
    expect(container.state()).toMatchObject({ status: "running", pid: created.pid });
    container.kill("KILL");
    await stopped(container);
    container.delete();
    expect(failure(container.call("state", container.id))).toContain(
      wording("container does not exist", { crun: "No such file or directory" }),
    );
  });

  test("a stopped container has no pid", async () => {
    const container = await containerThatIs("stopped");
    expect(container.state()).toMatchObject({ status: "stopped", pid: 0, bundle: container.dir });
  });

  test("a process that ends by itself stops the container", async () => {
    const container = bundle();
    container.create();
    container.start();
    await stopped(container);
    container.delete();
  });

  test("the program runs at start, not before", async () => {
    const container = bundle((config) => {
      config.process.args = ["echo", "started"];
    });
    container.create();
    expect(container.output()).toBe("");
    container.start();
    await stopped(container);
    expect(container.output()).toBe("started\n");
  });

  test("run does it all, and leaves no container", () => {
    const container = bundle((config) => {
      config.process.args = sh("echo out; echo err >&2; exit 7");
    });
    expect(container.run()).toEqual({ code: 7, stdout: "out\n", stderr: "err\n" });
    expect(container.call("state", container.id).code).not.toBe(0);
  });

  test("run --detach returns while the container runs", () => {
    const container = bundle((config) => {
      config.process.args = LONG;
    });
    expect(container.run("--detach").code).toBe(0);
    expect(container.state().status).toBe("running");
  });

  test("run --keep leaves the stopped container", differs({ crun: "version 1.8 has no --keep" }), () => {
    const container = bundle();
    expect(container.run("--keep").code).toBe(0);
    expect(container.state().status).toBe("stopped");
  });

  test("annotations are in the state", () => {
    const container = bundle((config) => {
      config.annotations = { "org.example.a": "b\tc" };
    });
    container.create();
    expect(container.state().annotations).toMatchObject({ "org.example.a": "b\tc" });
  });

  test("a config.json that changes after create has no effect", async () => {
    const container = bundle((config) => {
      config.process.args = ["echo", "before"];
    });
    container.create();
    const config = readConfig(container);
    config.process.args = ["echo", "after"];
    writeConfig(container, config);
    container.start();
    await stopped(container);
    expect(container.output()).toBe("before\n");
    fs.rmSync(join(container.dir, "config.json"));
    container.delete();
  });

  test("--bundle may be relative, and the state has it absolute", () => {
    const container = bundle();
    const result = container.callWith({ cwd: container.rootfs }, "create", "--bundle", "..", container.id);
    expect(result.code, result.stderr).toBe(0);
    expect(container.state().bundle).toBe(container.dir);
  });
});

describe("start", () => {
  test("of a container that does not exist", () => {
    const container = bundle();
    expect(failure(container.call("start", container.id))).toContain(
      wording("container does not exist", { crun: "No such file or directory" }),
    );
  });

  test("of a running container", async () => {
    const container = await containerThatIs("running");
    expect(failure(container.call("start", container.id))).toContain(
      wording("cannot start an already running container", { crun: "exec.fifo" }),
    );
    expect(container.state().status).toBe("running");
  });

  test("of a stopped container", async () => {
    const container = await containerThatIs("stopped");
    expect(failure(container.call("start", container.id))).toContain(
      wording("cannot start a container that has stopped", { crun: "is not running" }),
    );
  });
});

describe(
  "a container without a process",
  differs({ runc: "refuses to create it", crun: "takes it for one that runs" }),
  () => {
    const empty = () =>
      bundle((config) => {
        delete (config as Partial<Config>).process;
      });

    test("is created, others may run in it, and start fails and ends it", async () => {
      const container = empty();
      container.create();
      expect(container.state().status).toBe("created");
      const script = "pwd; id -u; grep CapEff /proc/self/status";
      expect(container.call("exec", "--env=PATH=/bin", container.id, "sh", "-c", script)).toEqual({
        code: 0,
        stdout: `/\n0\nCapEff:\t${"0".repeat(16)}\n`,
        stderr: "",
      });
      expect(failure(container.call("start", container.id))).toContain(
        "/process: there is no process to start",
      );
      await stopped(container);
      container.delete();
    });

    test.each<Record<string, string>>([{}, { NOTIFY_SOCKET: "/nowhere" }])("is not run: %j", (env) => {
      const container = empty();
      const result = container.callWith({ env }, "run", container.id);
      expect(failure(result)).toContain("process property must not be empty");
      expect(container.call("state", container.id).code).not.toBe(0);
    });
  },
);

describe("create", () => {
  test("with an id that is taken, and the first container stays", async () => {
    const container = await containerThatIs("created");
    expect(failure(container.call("create", container.id))).toContain(
      wording("container with given ID already exists", { crun: "already exists" }),
    );
    expect(container.state().status).toBe("created");
  });

  test("with an id that a stopped container has", async () => {
    const container = await containerThatIs("stopped");
    expect(failure(container.call("create", container.id))).toContain(
      wording("container with given ID already exists", { crun: "already exists" }),
    );
  });

  test("twice from one bundle", () => {
    const container = bundle();
    const other = twin(container);
    container.create();
    other.create();
    expect(other.state().pid).not.toBe(container.state().pid);
  });

  const inForeignCgroup = differs({ crun: "takes the cgroup of a running container, too" });
  test("in the cgroup of a running container, which goes on", inForeignCgroup, () => {
    const container = bundle((config) => {
      config.process.args = LONG;
      config.linux.cgroupsPath = `/runt-test-${randomUUID()}`;
    });
    container.create();
    container.start();
    const other = twin(container);
    expect(failure(other.call("create", other.id))).toContain("container's cgroup is not empty: ");
    expect(container.state().status).toBe("running");
    container.delete("--force");
  });

  test("that fails leaves the id free", () => {
    const container = bundle((config) => {
      config.process.args = ["/nonexistent"];
    });
    failure(container.call("create", container.id));
    expect(container.call("state", container.id).code).not.toBe(0);
    const config = readConfig(container);
    config.process.args = ["true"];
    writeConfig(container, config);
    container.create();
  });

  test.each([".", "..", "a/b", "../x", "a b", "a\nb", "ä", ""])(
    "refuses the id %j",
    differs({ crun: "version 1.8 only refuses a slash" }),
    (id) => {
      const container = bundle();
      expect(failure(container.call("create", id))).not.toBe("");
      const inState = stateOf(container.stateDir);
      expect(inState).toEqual([]);
    },
  );

  test("takes the id characters that runc takes", () => {
    const container = bundle();
    const other = twin(container, `A9_+-.${container.id}`);
    other.create();
    expect(other.state().id).toBe(other.id);
    other.delete("--force");
  });

  test.each([{ args: [] }, { args: ["one", "two"] }])("wants exactly one id, not $args", ({ args }) => {
    const container = bundle();
    expect(failure(container.call("create", ...args))).not.toBe("");
  });
});

describe("kill", () => {
  const TRAP =
    "trap 'echo TERM; exit' TERM; trap 'echo USR1; exit' USR1; echo ready; while :; do sleep 0.01; done";

  /** A container that says which signal it got. */
  async function trapping(): Promise<Container> {
    const container = bundle((config) => {
      config.process.args = sh(TRAP);
    });
    container.create();
    container.start();
    await until(() => container.output() === "ready\n");
    return container;
  }

  test.each([
    [["USR1"], "USR1"],
    [["SIGUSR1"], "USR1"],
    [["10"], "USR1"],
    [["TERM"], "TERM"],
    [[], "TERM"],
  ])("with signal %j sends %s", async (signal, received) => {
    const container = await trapping();
    container.kill(...signal);
    await stopped(container);
    expect(container.output()).toBe(`ready\n${received}\n`);
  });

  test("takes signal names in lower case", differs({ crun: "knows capitals only" }), async () => {
    const container = await trapping();
    container.kill("usr1");
    await stopped(container);
    expect(container.output()).toBe("ready\nUSR1\n");
  });

  test.each(["NOSUCH", "SIGNOSUCH", "65", "-1", "1x"])(
    "refuses signal %j",
    differs({ crun: "takes numbers that are no signals" }),
    async (signal) => {
      const container = await containerThatIs("running");
      expect(failure(container.call("kill", container.id, signal))).not.toBe("");
      expect(container.state().status).toBe("running");
    },
  );

  test("of a created container ends it", async () => {
    const container = await containerThatIs("created");
    container.kill("KILL");
    await stopped(container);
    container.delete();
  });

  test("of a stopped container", async () => {
    const container = await containerThatIs("stopped");
    expect(failure(container.call("kill", container.id, "KILL"))).toContain(
      wording("container not running", { crun: "No such process" }),
    );
  });

  test("of a container that does not exist", () => {
    const container = bundle();
    expect(failure(container.call("kill", container.id, "KILL"))).toContain(
      wording("container does not exist", { crun: "No such file or directory" }),
    );
  });

  test("--all reaches every process", async () => {
    const container = bundle((config) => {
      config.process.args = sh("sleep 1000 & sleep 1000 & wait");
    });
    container.create();
    container.start();
    const procs = () =>
      fs
        .readFileSync(join(cgroupOf(container), "cgroup.procs"), "utf8")
        .trim()
        .split("\n");
    await until(() => procs().length === 3);
    container.call("kill", "--all", container.id, "KILL");
    await stopped(container);
  });

  test("--all of a stopped container is no error", async () => {
    const container = await containerThatIs("stopped");
    expect(container.call("kill", "--all", container.id, "KILL").code).toBe(0);
  });
});

/** The cgroup that a container's process is in. */
function cgroupOf(container: Container): string {
  const line = fs.readFileSync(`/proc/${container.state().pid}/cgroup`, "utf8").match(/^0::(.*)$/m);
  return `/sys/fs/cgroup${line?.[1]}`;
}

describe("delete", () => {
  test("of a running container", async () => {
    const container = await containerThatIs("running");
    expect(failure(container.call("delete", container.id))).toContain(
      wording(`cannot delete container ${container.id} that is not stopped: running`, {
        crun: "is not in",
      }),
    );
    expect(container.state().status).toBe("running");
  });

  test(
    "of a created container kills it",
    differs({ crun: "refuses it, as the specification says" }),
    async () => {
      const container = await containerThatIs("created");
      const { pid } = container.state();
      container.delete();
      await until(() => isGone(pid));
    },
  );

  test("of a container that does not exist", () => {
    const container = bundle();
    expect(failure(container.call("delete", container.id))).toContain(
      wording("container does not exist", { crun: "No such file or directory" }),
    );
  });

  test.each(["created", "running", "stopped"] as const)(
    "--force of a %s container leaves nothing",
    async (status) => {
      const container = await containerThatIs(status);
      container.delete("--force");
      expect(container.call("state", container.id).code).not.toBe(0);
      expect(stateOf(container.stateDir)).toEqual([]);
    },
  );

  test("--force of a container that does not exist is no error", () => {
    const container = bundle();
    expect(container.call("delete", "--force", container.id).code).toBe(0);
    expect(container.call("delete", "--force", container.id).code).toBe(0);
  });

  test("--force kills what the container has started", async () => {
    const container = bundle((config) => {
      config.process.args = sh("setsid sleep 1000 & sleep 1000 & echo ready; wait");
    });
    container.create();
    container.start();
    await until(() => container.output() === "ready\n");
    container.delete("--force");
  });

  test("at the same time from many callers: all end, and nothing is left", async () => {
    const container = await containerThatIs("running");
    const calls = Array.from({ length: 5 }, () => container.callAsync("delete", "--force", container.id));
    const codes = (await Promise.all(calls)).map(({ code }) => code);
    expect(codes.filter((code) => code === 0).length).toBeGreaterThanOrEqual(1);
    expect(codes.filter((code) => code !== 0 && code !== 1)).toEqual([]);
    expect(container.call("state", container.id).code).not.toBe(0);
  });

  test("after the bundle is gone", async () => {
    const container = await containerThatIs("stopped");
    fs.rmSync(join(container.dir, "config.json"));
    fs.rmSync(container.rootfs, { recursive: true });
    container.delete();
  });
});

describe("pid file", () => {
  test("has the bare digits of the pid", () => {
    const container = bundle();
    container.create("--pid-file", "pid");
    expect(fs.readFileSync(join(container.dir, "pid"), "utf8")).toBe(`${container.state().pid}`);
  });

  test("is not written by a create that fails", () => {
    const container = bundle((config) => {
      config.process.args = ["/nonexistent"];
    });
    failure(container.call("create", "--pid-file", "pid", container.id));
    expect(fs.existsSync(join(container.dir, "pid"))).toBe(false);
  });

  test("that can't be written fails create, and nothing is left", () => {
    const container = bundle();
    expect(failure(container.call("create", "--pid-file", "no/such/pid", container.id))).toMatch(
      /no such file/i,
    );
    expect(container.call("state", container.id).code).not.toBe(0);
  });

  test("replaces an older one", () => {
    const container = bundle();
    fs.writeFileSync(join(container.dir, "pid"), "123456789012345");
    container.create("--pid-file", "pid");
    expect(fs.readFileSync(join(container.dir, "pid"), "utf8")).toBe(`${container.state().pid}`);
  });
});

describe("list", () => {
  test("without containers", () => {
    const container = bundle();
    expect(container.call("list", "--quiet").stdout).toBe("");
    expect(JSON.parse(container.call("list", "--format", "json").stdout) ?? []).toEqual([]);
    expect(container.call("list").stdout).toMatch(/^(ID|NAME) +PID +STATUS +BUNDLE/);
  });

  test("has every container, in each format", async () => {
    const container = await containerThatIs("running");
    const other = twin(container);
    other.create();
    const both = [container, other];
    expect(container.call("list", "-q").stdout.split("\n").sort()).toEqual(
      ["", ...both.map(({ id }) => id)].sort(),
    );
    const listed = JSON.parse(container.call("list", "-f", "json").stdout) as unknown[];
    expect(listed).toHaveLength(2);
    for (const { state, dir } of both) {
      const { id, pid, status } = state();
      expect(listed).toContainEqual(expect.objectContaining({ id, pid, status, bundle: dir }));
      expect(container.call("list").stdout).toMatch(new RegExp(`^${id} +${pid} +${status} +${dir}`, "m"));
    }
    other.delete("--force");
  });

  test("refuses an unknown format", differs({ crun: "takes it for a table" }), () => {
    const container = bundle();
    expect(failure(container.call("list", "--format", "xml"))).not.toBe("");
  });
});

describe("after create", () => {
  const status = (pid: number, field: string) =>
    fs.readFileSync(`/proc/${pid}/status`, "utf8").match(new RegExp(`^${field}:\\s+(.*)$`, "m"))?.[1];

  test("no process of the runtime is left, and init belongs to somebody else", async () => {
    const container = await containerThatIs("created");
    const { pid } = container.state();
    const related = fs.readdirSync("/proc").filter((name) => {
      try {
        return fs.readFileSync(`/proc/${name}/cmdline`, "utf8").includes(container.dir);
      } catch {
        return false;
      }
    });
    expect(related.filter((name) => Number(name) !== pid)).toEqual([]);
    expect(Number(status(pid, "PPid"))).not.toBe(0);
    expect(fs.readFileSync(`/proc/${status(pid, "PPid")}/cmdline`, "utf8")).not.toContain(container.dir);
  });

  test("init leads a session and a process group of its own", async () => {
    const container = await containerThatIs("created");
    const { pid } = container.state();
    const fields = fs.readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]?.split(" ") ?? [];
    expect({ group: fields[2], session: fields[3] }).toEqual({ group: `${pid}`, session: `${pid}` });
  });

  test(
    "signals are not blocked or ignored because the caller's are",
    differs({ runc: "version 1.1 passes on which are blocked" }),
    async () => {
      const container = bundle((config) => {
        config.process.args = ["/bin/busybox", "grep", "-E", "^Sig(Blk|Ign|Cgt)", "/proc/self/status"];
      });
      const under = ["env", "--ignore-signal=PIPE,HUP,USR2", "--block-signal=TERM,USR1,CHLD"];
      const result = container.callWith({ under }, "run", container.id);
      const none = "0000000000000000";
      expect(result).toMatchObject({
        code: 0,
        stdout: `SigBlk:\t${none}\nSigIgn:\t${none}\nSigCgt:\t${none}\n`,
      });
    },
  );
});

function isGone(pid: number): boolean {
  return (
    !fs.existsSync(`/proc/${pid}`) || /^State:\t[ZX]/m.test(fs.readFileSync(`/proc/${pid}/status`, "utf8"))
  );
}
