// What a caller gives to a container beside config.json, and what it hears of it: the service manager's sockets, and a
// socket for the pidfd of its process.

import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import * as fs from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { bundle, type Container, differs, failure, runtime, runtimeName, until } from "./bed.ts";
import { type Config, sh, without } from "./config.ts";
import { stateOf } from "./leftovers.ts";

let directory = "";

beforeAll(() => {
  directory = fs.mkdtempSync(join(tmpdir(), "runt-sockets-"));
  const source = fileURLToPath(new URL("sockets.c", import.meta.url));
  // Static, since containers run it too.
  execFileSync("cc", ["-static", "-o", join(directory, "sockets"), source]);
  execFileSync("cc", [
    "-static",
    "-o",
    join(directory, "say"),
    fileURLToPath(new URL("say.c", import.meta.url)),
  ]);
});

afterAll(() => fs.rmSync(directory, { recursive: true }));

interface Listener {
  readonly path: string;
  /** What it has printed. */
  readonly text: () => string;
}

async function listen(kind: "pidfd" | "notify", path: string): Promise<Listener> {
  const child: ChildProcess = spawn(join(directory, "sockets"), [kind, path], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  // Its command line names the bundle, of which nothing may be left.
  onTestFinished(async () => {
    if (child.exitCode !== null || !child.kill("SIGKILL")) return;
    await once(child, "exit");
  });
  let text = "";
  child.stdout?.on("data", (data: Buffer) => {
    text += data;
  });
  await until(() => text.startsWith("listening\n"));
  return { path, text: () => text.slice("listening\n".length) };
}

function sleeping(config: Config): void {
  config.process.args = ["sleep", "1000"];
}

describe("--pidfd-socket", differs({ runc: "1.1 has none", crun: "has none" }), () => {
  test.each<[string, (container: Container, socket: string) => void]>([
    ["create", (container, socket) => container.create("--pidfd-socket", socket)],
    ["run", (container, socket) => void container.run("--detach", "--pidfd-socket", socket)],
  ])("%s sends the container's process", async (_, start) => {
    const container = bundle(sleeping);
    const { path, text } = await listen("pidfd", join(container.dir, "pidfd.sock"));
    start(container, path);
    const expected = `text standard fds 1 pid ${container.state().pid}\n`;
    await until(() => text() !== "");
    expect(text()).toBe(expected);
  });

  test("exec sends its process", async () => {
    const container = bundle(sleeping);
    container.run("--detach");
    const { path, text } = await listen("pidfd", join(container.dir, "pidfd.sock"));
    const options = ["--detach", "--pid-file", "pid", "--pidfd-socket", path];
    expect(container.call("exec", ...options, container.id, "sleep", "1000")).toMatchObject({ code: 0 });
    await until(() => text() !== "");
    expect(text()).toBe(`text setns fds 1 pid ${fs.readFileSync(join(container.dir, "pid"), "utf8")}\n`);
  });

  test("where nobody listens, nothing is made", () => {
    const container = bundle();
    const socket = join(container.dir, "pidfd.sock");
    const message = failure(container.call("create", "--pidfd-socket", socket, container.id));
    expect(message).toContain(`pidfd socket ${socket}: ENOENT`);
    expect(stateOf(container.stateDir)).toEqual([]);
  });
});

/** A container whose process says these messages, each as one, and then sleeps. */
function saying(...messages: string[]): Container {
  return bundle((config, rootfs) => {
    fs.copyFileSync(join(directory, "say"), join(rootfs, "bin/say"));
    config.root.readonly = false;
    config.process.args = ["say", ...messages];
  });
}

const READY = (pid: number) => `READY=1\nMAINPID=${pid}\n`;
/** runc has it from 1.2 on. */
const BARRIER = runtimeName === "runc" ? "" : "BARRIER=1\n+ 1\n";
const LAST = BARRIER === "" ? "MAINPID" : "+ 1\n";

describe("NOTIFY_SOCKET", differs({ crun: "1.8 has another protocol" }), () => {
  test.each([["a path"], ["an abstract name"]])(
    "run --detach hands on that the container is ready: %s",
    async (kind) => {
      const container = saying("STATUS=x", "READY=1");
      const path = kind === "a path" ? join(container.dir, "notify.sock") : `@${container.id}`;
      const { text } = await listen("notify", path);
      const env = { NOTIFY_SOCKET: path };
      expect(container.callWith({ env }, "run", "--detach", container.id)).toMatchObject({
        code: 0,
        stderr: "",
      });
      const { pid } = container.state();
      await until(() => text().includes(LAST));
      expect(text()).toBe(READY(pid) + BARRIER);
    },
  );

  test("start does so, after create", async () => {
    const container = saying("READY=1");
    const { path, text } = await listen("notify", join(container.dir, "notify.sock"));
    const env = { NOTIFY_SOCKET: path };
    expect(container.callWith({ env }, "create", container.id)).toMatchObject({ code: 0 });
    expect(text()).toBe("");
    expect(container.callWith({ env }, "start", container.id)).toMatchObject({ code: 0, stderr: "" });
    const { pid } = container.state();
    await until(() => text().includes(LAST));
    expect(text()).toBe(READY(pid) + BARRIER);
  });

  test(
    "the container has a socket of its own, in a directory that it cannot write to",
    differs({ runc: "1.1 waits for ever" }),
    async () => {
      const container = bundle((config) => {
        config.root.readonly = false;
        config.process.env.push("NOTIFY_SOCKET=/of/config");
        config.process.args = sh(
          "echo $NOTIFY_SOCKET; stat -c %a:%F $NOTIFY_SOCKET; grep ' /run/notify ' /proc/self/mountinfo; touch /run/notify/x",
        );
      });
      const env = { NOTIFY_SOCKET: `@nobody-${container.id}` };
      // Somebody has to listen, or the runtime says that nobody does.
      await listen("notify", env.NOTIFY_SOCKET);
      const { stdout, code } = container.callWith({ env }, "run", container.id);
      expect(code).not.toBe(0);
      const [variable, status, mount = ""] = stdout.split("\n");
      expect([variable, status]).toEqual(["/run/notify/notify.sock", "777:socket"]);
      expect(mount.split(" ")[5]).toMatch(/^ro,nosuid,nodev,noexec/);
    },
  );

  test(
    "a run that stays is the container for the service manager",
    differs({ runc: "1.1 waits for ever" }),
    async () => {
      const container = saying("READY=1");
      const { path, text } = await listen("notify", join(container.dir, "notify.sock"));
      const child = spawn(runtime, ["--root", container.stateDir, "run", container.id], {
        cwd: container.dir,
        env: { ...process.env, NOTIFY_SOCKET: path },
        stdio: "ignore",
      });
      const ended = new Promise((resolve) => child.on("exit", resolve));
      await until(() => text().includes("MAINPID"));
      expect(text()).toBe(READY(child.pid ?? 0));
      container.kill("KILL");
      expect(await ended).toBe(137);
    },
  );

  test(
    "nobody waits for a container that has ended without a word",
    differs({ runc: "1.1 does" }),
    async () => {
      const container = bundle((config) => {
        config.root.readonly = false;
      });
      const { path, text } = await listen("notify", join(container.dir, "notify.sock"));
      const env = { NOTIFY_SOCKET: path };
      expect(container.callWith({ env }, "run", "--detach", container.id)).toMatchObject({ code: 0 });
      expect(text()).toBe("");
    },
  );

  test("what else the container says is not handed on", async () => {
    const hostile = ["MAINPID=1", "X=\nREADY=1", "BARRIER=1", "FDSTORE=1", "READY=1\nMAINPID=1\nSTATUS=y"];
    const container = saying(...hostile);
    const { path, text } = await listen("notify", join(container.dir, "notify.sock"));
    const env = { NOTIFY_SOCKET: path };
    expect(container.callWith({ env }, "run", "--detach", container.id)).toMatchObject({ code: 0 });
    await until(() => text().includes(LAST));
    expect(text()).toBe(READY(container.state().pid) + BARRIER);
  });

  test(
    "others may delete a container that start waits for",
    differs({ runc: "start says nothing" }),
    async () => {
      const container = bundle((config) => {
        config.root.readonly = false;
        sleeping(config);
      });
      const { path } = await listen("notify", join(container.dir, "notify.sock"));
      const env = { NOTIFY_SOCKET: path };
      expect(container.callWith({ env }, "create", container.id)).toMatchObject({ code: 0 });
      const child = spawn(runtime, ["--root", container.stateDir, "start", container.id], {
        cwd: container.dir,
        env: { ...process.env, ...env },
        stdio: "ignore",
      });
      const ended = new Promise((resolve) => child.on("exit", resolve));
      await until(() => container.state().status === "running");
      container.delete("--force");
      expect(await ended).toBe(0);
    },
  );

  test(
    "a start whose service manager is gone leaves the container as it was",
    differs({ runc: "starts it" }),
    () => {
      const container = saying("READY=1");
      const env = { NOTIFY_SOCKET: join(container.dir, "nobody.sock") };
      expect(container.callWith({ env }, "create", container.id)).toMatchObject({ code: 0 });
      const message = failure(container.callWith({ env }, "start", container.id));
      expect(message).toContain(`connect to NOTIFY_SOCKET ${env.NOTIFY_SOCKET}: ENOENT`);
      expect(container.state().status).toBe("created");
    },
  );

  test("empty is none, and exec has none", () => {
    const container = bundle(sleeping);
    const none = { env: { NOTIFY_SOCKET: "" } };
    expect(container.callWith(none, "run", "--detach", container.id)).toMatchObject({ code: 0 });
    const env = { NOTIFY_SOCKET: "@nobody" };
    const inside = container.callWith({ env }, "exec", container.id, "sh", "-c", "echo x$NOTIFY_SOCKET");
    expect(inside).toMatchObject({ code: 0, stdout: "x\n" });
  });

  test("without a mount namespace it is ignored, with a warning", differs({ runc: "fails" }), () => {
    const container = bundle((config) => {
      without(config, "mount");
      config.mounts = [];
      delete config.root.readonly;
      delete config.linux.maskedPaths;
      delete config.linux.readonlyPaths;
      config.process.args = sh("echo x$NOTIFY_SOCKET");
    });
    const env = { NOTIFY_SOCKET: "@nobody" };
    expect(container.callWith({ env }, "--debug", "run", container.id)).toMatchObject({ stdout: "x\n" });
  });
});

describe("LISTEN_FDS", differs({ crun: "passes them to others, and does not say how many" }), () => {
  /** As systemd starts it: the variable has the pid of the runtime. */
  function activated(container: Container, pid: string, ...args: string[]): string {
    const file = fs.openSync(join(container.dir, "socket"), "w+");
    fs.writeSync(file, "from systemd");
    const under = ["sh", "-c", `LISTEN_FDS=2 LISTEN_PID=${pid} exec "$@"`, "sh"];
    const result = container.callWith({ under, fds: [file, file] }, ...args);
    fs.closeSync(file);
    expect(result).toMatchObject({ code: 0 });
    return result.stdout;
  }

  const SCRIPT = "echo $LISTEN_FDS $LISTEN_PID; ls /proc/self/fd | tr '\\n' ' '";

  function listing(): Container {
    return bundle((config) => {
      config.process.args = sh(SCRIPT);
    });
  }

  test(
    "descriptors are passed, and the container is told of them",
    differs({ crun: "does not add LISTEN_FDS" }),
    () => {
      const container = listing();
      expect(activated(container, "$$", "run", container.id)).toBe("2 1\n0 1 2 3 4 5 ");
    },
  );

  test("not those of another process", () => {
    const container = listing();
    const found = activated(container, "1", "run", container.id).split("\n");
    expect(found).toEqual(["", "0 1 2 3 "]);
  });

  test("with --preserve-fds behind them", () => {
    const container = listing();
    const file = fs.openSync("/dev/null", "r");
    const under = ["sh", "-c", 'LISTEN_FDS=1 LISTEN_PID=$$ exec "$@"', "sh"];
    const result = container.callWith({ under, fds: [file, file] }, "run", "--preserve-fds=1", container.id);
    fs.closeSync(file);
    expect(result).toMatchObject({ code: 0, stdout: "1 1\n0 1 2 3 4 5 " });
  });

  test("exec passes none", () => {
    const container = bundle(sleeping);
    container.run("--detach");
    expect(activated(container, "$$", "exec", container.id, "sh", "-c", SCRIPT)).toBe("\n0 1 2 3 ");
  });
});
