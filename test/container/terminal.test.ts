// process.terminal: the terminal that an engine gets through the console socket, and the one of a person's shell.

import * as fs from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { bundle, type Container, differs, failure, runtime, until, wording } from "./bed.ts";
import { type Config, runcSpec, sh } from "./config.ts";
import { compileReceiver, receiver } from "./receiver.ts";
import { inSession } from "./session.ts";

compileReceiver();

function withTerminal(script: string, edit: (config: Config, rootfs: string) => void = () => {}): Container {
  return bundle((config, rootfs) => {
    config.process.terminal = true;
    config.process.args = sh(script);
    edit(config, rootfs);
  });
}

/** What a script says to its terminal. */
async function said(script: string, edit?: (config: Config, rootfs: string) => void): Promise<string> {
  const container = withTerminal(script, edit);
  const { socket, ended } = await receiver(join(container.dir, "console"));
  container.create("--console-socket", socket);
  container.start();
  return (await ended()).replaceAll("\r\n", "\n");
}

describe("the console socket", () => {
  test("gets one message with one descriptor and something beside it", async () => {
    const container = withTerminal("true");
    const { socket, message } = await receiver(join(container.dir, "console"));
    container.create("--console-socket", socket);
    await until(() => message() !== "");
    expect(message()).toMatch(/^bytes [1-9]\d* fds 1 controls 1$/);
  });

  test("stdio is the terminal, which is the controlling one", async () => {
    const script =
      "for fd in 0 1 2; do [ -t $fd ] && echo $fd; done; echo tty > /dev/tty; ps -o tty= | head -n1 | grep -c 136";
    expect(await said(script)).toMatch(/^0\n1\n2\ntty\n/);
  });

  test("what is typed is read", async () => {
    const container = withTerminal('read line; echo "got $line"');
    const { socket, type, ended } = await receiver(join(container.dir, "console"));
    container.create("--console-socket", socket);
    container.start();
    type("hello\n");
    expect(await ended()).toContain("got hello\r\n");
  });

  test("control-C is a signal", async () => {
    const container = withTerminal(
      "trap 'echo interrupted; exit' INT; echo ready; while :; do sleep 0.01; done",
    );
    const { socket, type, output, ended } = await receiver(join(container.dir, "console"));
    container.create("--console-socket", socket);
    container.start();
    await until(() => output().includes("ready"));
    type("\x03");
    expect(await ended()).toContain("interrupted\r\n");
  });

  test("has the size of consoleSize", async () => {
    expect(
      await said("stty size", (config) => {
        config.process.consoleSize = { height: 41, width: 123 };
      }),
    ).toBe("41 123\n");
  });

  test("/dev/console is the terminal", async () => {
    const [console, tty] = (await said("stat -L -c %t:%T /dev/console /proc/self/fd/0")).split("\n");
    expect(console).toMatch(/^88:/);
    expect(console).toBe(tty);
    expect(await said("echo to console > /dev/console")).toBe("to console\n");
  });

  test("belongs to the user of the container", async () => {
    expect(
      await said("stat -L -c %u /proc/self/fd/0; echo mine > /dev/tty", (config) => {
        config.process.user = { uid: 1000, gid: 1000 };
      }),
    ).toBe("1000\nmine\n");
  });

  test("works with a root that may be written, and without a mount at /dev", async () => {
    expect(
      await said("[ -t 0 ] && echo yes; echo console > /dev/console", (config, rootfs) => {
        fs.mkdirSync(join(rootfs, "dev/pts"));
        config.root.readonly = false;
        config.mounts = config.mounts.filter(
          ({ destination }) => destination !== "/dev" && !/shm|mqueue/.test(destination),
        );
      }),
    ).toBe("yes\nconsole\n");
  });

  test(
    "may have a path that is longer than a socket address",
    differs({ runc: "not in version 1.1" }),
    async () => {
      const container = withTerminal("echo far");
      const far = join(container.dir, "x".repeat(100), "y".repeat(100));
      fs.mkdirSync(far, { recursive: true });
      const { socket, ended } = await receiver(join(far, "console"));
      container.create("--console-socket", socket);
      container.start();
      expect(await ended()).toBe("far\r\n");
    },
  );

  test("the runtime keeps nothing open: the terminal ends with the container", async () => {
    const container = withTerminal("exit 0");
    const { socket, ended } = await receiver(join(container.dir, "console"));
    container.create("--console-socket", socket);
    container.start();
    expect(await ended()).toBe("");
  });
});

describe("an error:", () => {
  test("create with a terminal, but without a socket for it", () => {
    const container = withTerminal("true");
    expect(failure(container.call("create", container.id))).toContain(
      wording("cannot allocate tty if runc will detach without setting console socket", {
        runt: "console",
        crun: "socket",
      }),
    );
  });

  test("a console socket without a terminal", differs({ crun: "ignores it" }), async () => {
    const container = bundle();
    const { socket } = await receiver(join(container.dir, "console"));
    expect(failure(container.call("create", "--console-socket", socket, container.id))).toMatch(
      /console socket/,
    );
  });

  test("a console socket that nobody listens on", () => {
    const container = withTerminal("true");
    expect(failure(container.call("create", "--console-socket", "nosuch", container.id))).toMatch(
      /no such file or directory|ENOENT|connect/i,
    );
  });
});

describe("exec", () => {
  /** A container without a terminal. */
  function waiting(): Container {
    const container = bundle((config) => {
      config.process.args = sh("while :; do sleep 1000; done");
    });
    container.create();
    container.start();
    return container;
  }

  test("--tty and --detach send the terminal to the socket", async () => {
    const container = waiting();
    const { socket, message, type, ended } = await receiver(join(container.dir, "console"));
    const script =
      'read line; for fd in 0 1 2; do [ -t $fd ] && echo $fd; done; echo "$line" > /dev/tty; stat -L -c %u /dev/tty';
    const args = [
      "--tty",
      "--detach",
      "--console-socket",
      socket,
      "--user",
      "1000",
      container.id,
      ...sh(script),
    ];
    expect(container.call("exec", ...args)).toMatchObject({ code: 0, stdout: "", stderr: "" });
    type("typed\n");
    expect((await ended()).replaceAll("\r\n", "\n")).toContain("0\n1\n2\ntyped\n");
    expect(message()).toMatch(/^bytes [1-9]\d* fds 1 controls 1$/);
  });

  test("terminal and consoleSize of a process file", async () => {
    const container = waiting();
    const file = join(container.dir, "process.json");
    const { user, cwd, env } = runcSpec().process;
    const size = { height: 41, width: 123 };
    fs.writeFileSync(
      file,
      JSON.stringify({ user, cwd, env, args: sh("stty size"), terminal: true, consoleSize: size }),
    );
    const { socket, ended } = await receiver(join(container.dir, "console"));
    const args = ["--process", file, "--detach", "--console-socket", socket, container.id];
    expect(container.call("exec", ...args)).toMatchObject({ code: 0, stderr: "" });
    expect(await ended()).toBe("41 123\r\n");
  });

  test("--tty in a person's terminal", async () => {
    const container = waiting();
    const script = 'read line; stty size; echo "got $line"; [ -e /dev/console ] && echo console; exit 7';
    const command = `stty rows 33 cols 77; '${runtime}' --root '${container.stateDir}' exec -t ${container.id} /bin/sh -c '${script}'`;
    const { type, ended } = inSession(container, command);
    type("hello\n");
    const { code, output } = await ended();
    expect(code).toBe(7);
    expect(output).toContain("33 77\ngot hello\n");
    expect(output).not.toContain("console");
  });
});

const NO_SIZE = { crun: "version 1.8 does not copy it" };

describe("run in a person's terminal", () => {
  /** A session of `script`, whose terminal a shell has, which runs the container. Commands come before and after. */
  function session(container: Container, { before = ":", after = ":" } = {}) {
    const command = `${before}; '${runtime}' --root '${container.stateDir}' run ${container.id}; code=$?; ${after}; exit $code`;
    return inSession(container, command);
  }

  test("the program talks to it, and its exit code is the program's", async () => {
    const container = withTerminal('read line; echo "got $line"; exit 7');
    const { type, ended } = session(container);
    type("hello\n");
    const { code, output } = await ended();
    expect(output).toContain("got hello\n");
    expect(code).toBe(7);
  });

  test("it has the size of the person's", differs(NO_SIZE), async () => {
    const container = withTerminal("stty size");
    const { output } = await session(container, { before: "stty rows 33 cols 77" }).ended();
    expect(output).toContain("33 77\n");
  });

  test("control-C reaches the program, and not the runtime", async () => {
    const container = withTerminal(
      "trap 'echo interrupted; exit 4' INT; echo ready; while :; do sleep 0.01; done",
    );
    const { type, output, ended } = session(container);
    await until(() => output().includes("ready"));
    type("\x03");
    expect(await ended()).toMatchObject({ code: 4, output: expect.stringContaining("interrupted") });
  });

  test("a new size reaches the program", differs(NO_SIZE), async () => {
    const container = withTerminal(
      'echo > /tmp/ready; until [ "$(stty size)" = "50 60" ]; do sleep 0.01; done; echo resized',
      (config) => {
        config.root.readonly = false;
      },
    );
    const resize = "(until [ -e rootfs/tmp/ready ]; do sleep 0.05; done; stty rows 50 cols 60 < /dev/tty) &";
    const { output } = await session(container, { before: `${resize} true` }).ended();
    expect(output).toContain("resized\n");
  });

  test("it is as it was, afterwards", async () => {
    const container = withTerminal("true");
    const { output } = await session(container, { before: "stty -a", after: "stty -a" }).ended();
    const [before, after] = output.split(/^(?=speed)/m).map((text) => text.trim());
    expect(before).toMatch(/ icanon /);
    expect(after).toBe(before);
  });

  test("all that the program has written comes out", async () => {
    const container = withTerminal("seq 1 20000");
    const { output } = await session(container).ended();
    expect(output.trim().split("\n")).toHaveLength(20_000);
    expect(output.trim().endsWith("\n20000")).toBe(true);
  });
});
