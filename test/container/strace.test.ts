// No path is ever resolved twice: seen by strace, everything inside the root filesystem is named relative to a
// descriptor. A path that is written out can be exchanged by the image's owner between two calls.

import * as fs from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { bundle, type Container, differs, stopped } from "./bed.ts";
import { type Config, type IdMapping, sh } from "./config.ts";

const BY_PATH = { runc: "works with paths", crun: "works with paths" };

/** One of everything that touches the root filesystem. */
function everything(config: Config, rootfs: string): void {
  const bind = (destination: string, source: string, ...options: string[]) => ({
    destination,
    source,
    options,
  });
  const tmpfs = (destination: string, ...options: string[]) => ({
    destination,
    type: "tmpfs",
    source: "tmpfs",
    options,
  });
  fs.mkdirSync(join(rootfs, "../shared/below"), { recursive: true });
  fs.symlinkSync("/etc", join(rootfs, "link"));
  fs.writeFileSync(join(rootfs, "hidden"), "");
  config.root.readonly = true;
  config.process.cwd = "/tmp/made/for/it";
  config.process.args = sh("ls /proc/self/fd; exit 0");
  config.mounts.push(
    tmpfs("/tmp", "mode=1777", "nosuid"),
    tmpfs("/tmp/deep/er", "ro"),
    tmpfs("/link/new"),
    bind("/tmp/dir", "shared", "rbind", "rw", "rslave"),
    bind("/tmp/readonly", "shared", "bind", "ro", "nosuid", "noexec"),
    bind("/tmp/recursive", "shared", "rbind", "rro"),
    bind("/tmp/file", "config.json", "bind", "ro"),
    bind("/etc/passwd", "config.json", "bind", "private"),
  );
  config.linux.devices = [
    { type: "c", path: "/dev/mine", major: 1, minor: 3, fileMode: 0o600, uid: 1, gid: 1 },
    { type: "p", path: "/dev/sub/fifo" },
  ];
  config.linux.maskedPaths?.push("/hidden", "/home");
  config.linux.readonlyPaths?.push("/var", "/etc/group");
  config.linux.sysctl = { "net.ipv4.ip_forward": "1" };
}

interface Call {
  readonly pid: string;
  readonly name: string;
  readonly text: string;
  /** What it names, as pairs of a directory and a path. The directory is `path` where the call has none. */
  readonly names: readonly { readonly at: string; readonly path: string }[];
}

const STRING = String.raw`"((?:[^"\\]|\\.)*)"`;
/** These have strings that are no paths in the root filesystem. */
const NO_PATHS = new Set([
  "execve",
  "execveat",
  "fsconfig",
  "fsopen",
  "memfd_create",
  "sethostname",
  "getcwd",
]);

/** The calls of a trace, in order. Of a call that another interrupts, what it was called with comes first. */
function parseTrace(trace: string): Call[] {
  return trace.split("\n").flatMap((text) => {
    const [, pid = "", name = "", args = ""] = text.match(/^(\d+) +(\w+)\((.*)$/) ?? [];
    return name === "" ? [] : [{ pid, name, text, names: NO_PATHS.has(name) ? [] : namesIn(name, args) }];
  });
}

function namesIn(name: string, args: string): { at: string; path: string }[] {
  // The target of a symlink is a text, which no call follows.
  const rest = name === "symlinkat" ? args.replace(new RegExp(`^${STRING}, `), "") : args;
  const pairs = [...rest.matchAll(new RegExp(`(?:(AT_FDCWD|\\d+), )?${STRING}`, "g"))];
  // What a symlink says is the second string.
  if (name.startsWith("readlink")) pairs.length = Math.min(pairs.length, 1);
  return pairs.map(([, at = "path", path = ""]) => ({ at, path }));
}

function traced(container: Container, ...args: string[]): Call[] {
  const log = join(container.dir, "trace");
  const calls =
    "%file,setns,openat2,open_tree,move_mount,mount_setattr,fchdir,pivot_root,chroot,capset,setresuid,clone3";
  const under = ["strace", "--follow-forks", "--string-limit=4096", "--output", log, "--trace", calls];
  const { code, stderr } = container.callWith({ under }, ...args);
  expect(code, stderr).toBe(0);
  return parseTrace(fs.readFileSync(log, "utf8"));
}

/** Calls that name the root filesystem or something in it by its path on the host. */
function byHostPath(calls: readonly Call[], rootfs: string): Call[] {
  return calls.filter(({ names }) =>
    names.some(({ path }) => path === rootfs || path.startsWith(`${rootfs}/`)),
  );
}

/** Calls that name something in the root filesystem by a path, once it is the root, and the runtime still has rights. */
function byInnerPath(calls: readonly Call[]): Call[] {
  const inside = new Set<string>();
  return calls.filter(({ pid, name, names }) => {
    if (name === "pivot_root" || name === "chroot") inside.add(pid);
    // From here on it is the container: it looks for its program as any process does.
    if (name === "capset" || name === "execve") inside.delete(pid);
    const free = names.some(
      ({ at, path }) => (at === "AT_FDCWD" || at === "path") && ![".", "/", ""].includes(path),
    );
    return inside.has(pid) && free;
  });
}

/** Calls with a path of several parts from a descriptor, which only openat2 resolves without leaving the root. */
function unconfined(calls: readonly Call[]): Call[] {
  return calls.filter(({ name, text, names }) => {
    const deep = names.some(({ at, path }) => /^\d+$/.test(at) && path.includes("/"));
    return deep && !(name === "openat2" && /RESOLVE_(IN_ROOT|BENEATH|NO_XDEV)/.test(text));
  });
}

function expectClean(calls: readonly Call[], { rootfs }: Container): void {
  const texts = (found: readonly Call[]) => found.map(({ text }) => text);
  const outer = byHostPath(calls, rootfs);
  expect(texts(outer.filter(({ name }) => name !== "newfstatat"))).toHaveLength(1);
  expect(texts(outer.filter(({ names }) => names.some(({ path }) => path !== rootfs)))).toEqual([]);
  expect(texts(byInnerPath(calls))).toEqual([]);
  expect(texts(unconfined(calls))).toEqual([]);
  // The rules have looked at something.
  expect(calls.filter(({ name }) => name === "openat2").length).toBeGreaterThan(20);
  expect(calls.filter(({ name }) => name === "move_mount").length).toBeGreaterThan(10);
}

const MAPPINGS: IdMapping[] = [{ containerID: 0, hostID: 100_000, size: 65_536 }];

describe("every kind of mount, by descriptor only:", differs(BY_PATH), () => {
  test("run", () => {
    const container = bundle(everything);
    expectClean(traced(container, "run", container.id), container);
  });

  test("run --no-pivot", () => {
    const container = bundle(everything);
    expectClean(traced(container, "run", "--no-pivot", container.id), container);
  });

  test("run in a user namespace", () => {
    const container = bundle((config, rootfs) => {
      everything(config, rootfs);
      fs.mkdirSync(join(rootfs, "etc/new"));
      config.linux.namespaces.push({ type: "user" });
      config.linux.uidMappings = MAPPINGS;
      config.linux.gidMappings = MAPPINGS;
      config.linux.devices = [];
    });
    expectClean(traced(container, "run", container.id), container);
  });

  test("the root filesystem is opened once, and every mount point below it from there", () => {
    const container = bundle(everything);
    const calls = traced(container, "run", container.id);
    const opened = byHostPath(calls, container.rootfs).filter(({ name }) => name !== "newfstatat");
    expect(opened.map(({ name }) => name)).toEqual([expect.stringMatching(/^open/)]);
  });
});

test("exec names nothing in the container by a path but its root", differs(BY_PATH), async () => {
  const container = bundle((config) => {
    config.process.args = ["sleep", "1000"];
    config.process.cwd = "/tmp";
  });
  container.create();
  container.start();
  const calls = traced(container, "exec", container.id, "ls");
  const entered = calls.findIndex(({ name, text }) => name === "setns" && text.includes("CLONE_NEWNS"));
  expect(entered).toBeGreaterThan(0);
  const pid = calls[entered]?.pid;
  const inside = calls.slice(entered + 1).filter((call) => call.pid === pid);
  const dropped = inside.findIndex(({ name }) => name === "capset");
  expect(dropped).toBeGreaterThan(2);
  const byPath = inside
    .slice(0, dropped)
    .filter(({ names }) => names.some(({ at, path }) => !/^\d+$/.test(at) && path !== ""));
  expect(byPath.map(({ text }) => text)).toEqual([expect.stringContaining('openat(AT_FDCWD, "/"')]);
  expect(unconfined(inside.slice(0, dropped)).map(({ text }) => text)).toEqual([]);
  expect(byHostPath(calls, container.rootfs)).toEqual([]);
});

describe("descriptors", () => {
  test("of the container's process are 0, 1 and 2", () => {
    const container = bundle(everything);
    // ls has one open for what it lists.
    expect(container.run().stdout).toBe("0\n1\n2\n3\n");
  });

  test(
    "that a created container holds end with execve",
    differs({ crun: "closes them itself" }),
    async () => {
      const container = bundle(everything);
      container.create();
      const { pid } = container.state();
      const held = fs.readdirSync(`/proc/${pid}/fd`).filter((fd) => Number(fd) > 2);
      const flags = held.map(
        (fd) => fs.readFileSync(`/proc/${pid}/fdinfo/${fd}`, "utf8").match(/^flags:\s+(\d+)$/m)?.[1],
      );
      const CLOSE_ON_EXEC = 0o2000000;
      expect(flags.filter((text = "") => (Number.parseInt(text, 8) & CLOSE_ON_EXEC) === 0)).toEqual([]);
      container.start();
      await stopped(container);
      expect(container.output()).toBe("0\n1\n2\n3\n");
    },
  );
});
