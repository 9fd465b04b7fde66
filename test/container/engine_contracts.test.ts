// What engines rely on without saying so: how they call a runtime, and what they read of its files and messages. The
// names of the tests say who.

import { execFileSync, spawn, spawnSync } from "node:child_process";
import * as fs from "node:fs";
import { join, resolve } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import {
  bundle,
  type Container,
  differs,
  failure,
  type Result,
  running,
  runtime,
  runtimeName,
  stopped,
  until,
  wording,
} from "./bed.ts";
import { runcSpec, sh } from "./config.ts";

/** Also where PATH is not. */
const BINARY = runtime.includes("/")
  ? runtime
  : execFileSync("sh", ["-c", `command -v ${runtime}`], { encoding: "utf8" }).trim();
const STDERR_OF_CONMON = 8191;

/** With nothing but these variables. */
function callBare(variables: readonly string[], ...args: string[]): Result {
  const { status, stdout, stderr } = spawnSync("env", ["-i", ...variables, BINARY, ...args], {
    encoding: "utf8",
  });
  return { code: status, stdout, stderr };
}

function sleeping(): Container {
  const container = bundle(({ process }) => {
    process.args = ["sleep", "1000"];
  });
  container.create();
  container.start();
  return container;
}

function failing(args: string[]): Container {
  return bundle(({ process }) => {
    process.args = args;
  });
}

/** Each line of a JSON log. */
function entries(file: string): { level: string; msg: string; time: string }[] {
  return fs
    .readFileSync(file, "utf8")
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line));
}

describe("the JSON log", () => {
  const RFC_3339 = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/;

  test("that containerd reads: the last entry with level error is the error", () => {
    const container = failing(["no-such-program"]);
    const log = join(container.dir, "log.json");
    const logged = ["--log", log, "--log-format", "json"];
    expect(container.call(...logged, "create", container.id).code).not.toBe(0);
    expect(container.call(...logged, "state", "nobody").code).not.toBe(0);
    const errors = entries(log).filter(({ level }) => level === "error");
    expect(errors).toHaveLength(2);
    expect(errors[0]?.msg).toContain("no-such-program");
    expect(errors[1]?.msg).toMatch(wording("does not exist", { crun: "No such file or directory" }));
    for (const { time } of entries(log)) expect(time).toMatch(RFC_3339);
  });

  const MORE = differs({ runc: "1.1.5 logs a warning beside the error" });
  test("that Podman reads: one JSON value in the whole file, with the error", MORE, () => {
    const container = failing(["no-such-program"]);
    const log = join(container.dir, "oci-log");
    expect(container.call("--log-format=json", "--log", log, "create", container.id).code).not.toBe(0);
    const { msg, level } = JSON.parse(fs.readFileSync(log, "utf8")) as Record<string, string>;
    expect(level).toBe("error");
    // crun's words, which Podman looks for as well.
    expect(msg).toMatch(/executable file (not found in|`no-such-program` not found)/);
  });

  test("is there, and empty, where nothing is wrong", () => {
    const container = failing(["true"]);
    const log = join(container.dir, "log.json");
    expect(container.call("--log", log, "--log-format", "json", "run", container.id).code).toBe(0);
    expect(fs.readFileSync(log, "utf8")).toBe("");
  });

  test(
    "is there for an error of the command line too",
    differs({ crun: "opens it later", runc: "opens it later" }),
    () => {
      const container = failing(["true"]);
      const log = join(container.dir, "log.json");
      expect(
        container.call("--log", log, "--log-format", "json", "create", "--no-such-option").code,
      ).not.toBe(0);
      expect(entries(log).at(-1)?.level).toBe("error");
    },
  );
});

describe("the words of an error, in lower case, tell engines an exit code", () => {
  const NOT_FOUND = /executable file (.* )?not found|no such file or directory/;
  const NOT_ALLOWED = /permission denied|operation not permitted|is a directory/;

  test.each([
    ["127 for a program that is not there", ["no-such-program"], NOT_FOUND],
    ["127 for a path that is not there", ["/no/such/program"], NOT_FOUND],
    ["126 for a file that is not executable", ["/etc/passwd"], NOT_ALLOWED],
    ["126 for a directory", ["/etc"], NOT_ALLOWED],
  ])("%s", (_, args, words) => {
    const container = failing(args);
    const message = failure(container.call("create", container.id)).toLowerCase();
    expect(message).toMatch(words);
    if (words === NOT_FOUND) expect(message).not.toMatch(NOT_ALLOWED);
  });

  test("those of exec as well, and there is no pid file then: that is how conmon knows", () => {
    const container = sleeping();
    const file = join(container.dir, "exec.pid");
    const call = container.call("exec", "--detach", "--pid-file", file, container.id, "no-such-program");
    expect(failure(call).toLowerCase()).toMatch(NOT_FOUND);
    expect(fs.existsSync(file)).toBe(false);
  });
});

test("conmon reads 8 kB of stderr: an error is shorter, and has the words that count", {
  ...differs({ runc: "repeats the whole name", crun: "has other words" }),
}, () => {
  // Control characters are printed as four.
  const container = failing([`/${"\x01".repeat(200)}`.repeat(20)]);
  const { code, stderr } = container.call("create", container.id);
  expect(code).toBe(1);
  expect(stderr.length).toBeLessThanOrEqual(STDERR_OF_CONMON);
  expect(stderr).toContain("no such file or directory");
});

test("containerd-shim kills all of a container whose init has ended, and it is no error", async () => {
  const container = failing(["true"]);
  container.create();
  container.start();
  await stopped(container);
  const { code, stderr } = container.call("kill", "--all", container.id, "9");
  // Where runc says it, containerd takes these words for `is done`.
  if (code !== 0) expect(stderr).toContain("container not running");
  if (runtimeName === "runt") expect(code).toBe(0);
});

describe("the environment", () => {
  test("Podman's XDG_RUNTIME_DIR is empty for root, which is as if there were none", () => {
    const container = failing(["sleep", "1000"]);
    const call = (variables: string[], ...args: string[]) =>
      callBare(["PATH=/usr/bin:/bin", ...variables], ...args);
    onTestFinished(() => void call([], "delete", "--force", container.id));
    // Not a pipe: the container would keep it open.
    const create = spawnSync(
      "env",
      [
        "-i",
        "PATH=/usr/bin:/bin",
        "XDG_RUNTIME_DIR=",
        BINARY,
        "create",
        "--bundle",
        container.dir,
        container.id,
      ],
      { stdio: "ignore" },
    );
    expect(create.status).toBe(0);
    expect(JSON.parse(call([], "state", container.id).stdout)).toMatchObject({ status: "created" });
    expect(call(["XDG_RUNTIME_DIR="], "delete", "--force", container.id).code).toBe(0);
    expect(call([], "state", container.id).code).not.toBe(0);
  });

  test("conmon's and Podman's kill, pause, update and delete have neither PATH nor HOME", async () => {
    const container = sleeping();
    const call = (...args: string[]) => callBare(["XDG_RUNTIME_DIR="], "--root", container.stateDir, ...args);
    await running(container);
    expect(call("state", container.id)).toMatchObject({ code: 0, stderr: "" });
    expect(call("pause", container.id)).toMatchObject({ code: 0, stderr: "" });
    expect(call("resume", container.id)).toMatchObject({ code: 0, stderr: "" });
    expect(call("exec", container.id, "true")).toMatchObject({ code: 0, stderr: "" });
    expect(call("kill", container.id, "9")).toMatchObject({ code: 0, stderr: "" });
    await stopped(container);
    expect(call("delete", "--force", container.id)).toMatchObject({ code: 0, stderr: "" });
  });

  test("conmon ignores SIGPIPE: the container does not", () => {
    const container = failing(["grep", "SigIgn", "/proc/self/status"]);
    const under = ["sh", "-c", 'trap "" PIPE; exec "$@"', "sh"];
    expect(container.callWith({ under }, "run", container.id).stdout).toBe("SigIgn:\t0000000000000000\n");
  });
});

describe("the command line", () => {
  test(
    "of conmon-rs has global options twice: the last counts",
    differs({ crun: "is another parser, which takes it" }),
    () => {
      const container = failing(["true"]);
      const elsewhere = join(container.dir, "elsewhere");
      const { code } = container.call("--root", elsewhere, "run", container.id);
      expect(code).toBe(0);
      expect(fs.existsSync(elsewhere)).toBe(true);
      expect(fs.existsSync(container.stateDir)).toBe(false);
    },
  );

  test("of go-runc has a long option with one dash: restore -no-subreaper", {
    ...differs({ crun: "does not know it" }),
  }, () => {
    const container = failing(["true"]);
    expect(container.call("run", "-bundle", container.dir, "-no-subreaper", container.id)).toMatchObject({
      code: 0,
      stderr: "",
    });
  });

  test("of dockerd's and CRI-O's `features` has no global options: stdout is JSON, and stderr is empty", {
    ...differs({ runc: "1.1.5 has fewer fields", crun: "1.8.1 has no features" }),
  }, () => {
    const { code, stdout, stderr } = callBare([], "features");
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    const features = JSON.parse(stdout);
    expect(features.ociVersionMin).toMatch(/^1\./);
    expect(features.ociVersionMax).toMatch(/^1\./);
    expect(features.mountOptions).toContain("rro");
    expect(features.linux.mountExtensions.idmap.enabled).toBe(true);
  });

  const FEWER = differs({ crun: "wants a limit" });
  test("of containerd's update has the limits on standard input", FEWER, () => {
    const container = sleeping();
    const { status, stderr } = spawnSync(
      BINARY,
      ["--root", container.stateDir, "update", "--resources=-", container.id],
      { input: "{}", encoding: "utf8" },
    );
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
  });

  test("of containerd's ps has the options in one word", () => {
    const container = sleeping();
    const { code, stdout } = container.call("ps", "--format", "json", container.id);
    expect({ code, pids: JSON.parse(stdout) }).toEqual({ code: 0, pids: [container.state().pid] });
  });
});

test("dockerd looks for the word version: it is in the first line of --version only", () => {
  const lines = callBare([], "--version").stdout.trim().split("\n");
  expect(lines[0]).toMatch(new RegExp(`^${runtimeName} version \\S+$`));
  expect(lines.filter((line) => line.toLowerCase().includes("version"))).toHaveLength(1);
});

describe("the pid file", () => {
  test("is renamed into its place: who has the old one open has the old one", {
    ...differs({ crun: "writes into the file that is there" }),
  }, () => {
    const container = failing(["sleep", "1000"]);
    const [file, link] = [join(container.dir, "pid"), join(container.dir, "old")];
    fs.writeFileSync(file, "old");
    fs.linkSync(file, link);
    container.create("--pid-file", file);
    expect(fs.readFileSync(link, "utf8")).toBe("old");
    expect(fs.readFileSync(file, "utf8")).toBe(String(container.state().pid));
    // Nothing that was on the way there is left.
    expect(fs.readdirSync(container.dir).filter((name) => name.includes("pid"))).toEqual(["pid"]);
  });

  test("of exec has digits only, and is there when exec --detach has ended", () => {
    const container = sleeping();
    const file = join(container.dir, "exec.pid");
    expect(
      container.call("exec", "--detach", "--pid-file", file, container.id, "sleep", "1000"),
    ).toMatchObject({ code: 0, stderr: "" });
    expect(fs.readFileSync(file, "utf8")).toMatch(/^[1-9][0-9]*$/);
  });
});

test("CRI-O's and BuildKit's foreground exec has a pty as its streams, and no console socket", async () => {
  const container = sleeping();
  const file = join(container.dir, "process.json");
  const { user, cwd, env } = runcSpec().process;
  const args = sh("tty; read line; echo got $line; exit 7");
  fs.writeFileSync(file, JSON.stringify({ user, cwd, env, args, terminal: true }));
  const command = `'${BINARY}' --root '${container.stateDir}' exec --process '${file}' ${container.id}`;
  const child = spawn("script", ["-qec", command, "/dev/null"], {
    env: { ...process.env, SHELL: "/bin/sh", TERM: "dumb" },
    stdio: ["pipe", "pipe", "inherit"],
  });
  onTestFinished(() => void child.kill("SIGKILL"));
  let text = "";
  child.stdout.on("data", (data: Buffer) => {
    text += data;
  });
  child.stdin.write("hello\n");
  await until(() => child.exitCode !== null);
  expect(child.exitCode).toBe(7);
  expect(text).toMatch(/\/dev\/pts\/\d+\r\n/);
  expect(text).toContain("got hello\r\n");
});

describe("BuildKit's run in the foreground", () => {
  test("with --keep: it is stopped afterwards, and delete needs no force", {
    ...differs({ crun: "version 1.8 has no --keep" }),
  }, () => {
    const container = failing(sh("exit 5"));
    expect(container.run("--keep").code).toBe(5);
    expect(container.state().status).toBe("stopped");
    container.delete();
  });

  test("its state has the root filesystem", () => {
    const container = sleeping();
    const state = JSON.parse(container.call("state", container.id).stdout);
    expect(resolve(container.dir, state.rootfs)).toBe(container.rootfs);
  });
});

describe("buildah", () => {
  test("reads the streams of create to their end, which only the container keeps open", () => {
    const container = bundle(({ process }) => {
      process.args = ["sh", "-c", "exec > /dev/null 2>&1; exec sleep 1000"];
    });
    container.create();
    // This one comes back at the end of file: the container is there, but nobody else.
    const { status, stdout } = spawnSync(BINARY, ["--root", container.stateDir, "start", container.id], {
      encoding: "utf8",
      timeout: 10_000,
    });
    expect({ status, stdout }).toEqual({ status: 0, stdout: "" });
  });

  test("kills without naming a signal: SIGTERM", async () => {
    const container = failing(sh('trap "exit 0" TERM; echo ready; while :; do sleep 0.1; done'));
    container.create();
    container.start();
    await until(() => container.output() === "ready\n");
    container.kill();
    await stopped(container);
  });
});
