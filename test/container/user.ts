// An ordinary user for tests: it is in /etc/passwd, /etc/subuid and /etc/subgid as long as a test file runs, in the
// mount namespace of the tests alone.

import { execFileSync } from "node:child_process";
import * as fs from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll } from "vitest";
import { bundle, type CallOptions, type Container, type Result, runtime, runtimeName } from "./bed.ts";
import type { Config } from "./config.ts";
import { cgroupRoot } from "./leftovers.ts";

/** No id of Debian's, nor of the virtual machine's users. */
export const UID = 4321;
/** The first of its 65536 subordinate ids. */
export const SUB = 7_000_000;

const FIXTURE = fs.readFileSync(new URL("../fixtures/runc-spec-rootless.json", import.meta.url), "utf8");
const FILES: Readonly<Record<string, string>> = {
  "/etc/passwd": `runt-tester:x:${UID}:${UID}::/nonexistent:/bin/sh\n`,
  "/etc/group": `runt-tester:x:${UID}:\n`,
  "/etc/subuid": `runt-tester:${SUB}:65536\n`,
  "/etc/subgid": `runt-tester:${SUB}:65536\n`,
};

let directory = "";

/** For a test file: the user is there, and can execute the runtime wherever the checkout is. */
export function withUser(): void {
  beforeAll(() => {
    directory = fs.mkdtempSync(join(tmpdir(), "runt-user-"));
    fs.chmodSync(directory, 0o755);
    const binary = runtime.includes("/") ? join(directory, runtimeName) : runtime;
    if (binary !== runtime) fs.copyFileSync(runtime, binary);
    fs.writeFileSync(wrapper(), `#!/bin/sh\nshift "$SKIP"\nexec ${binary} "$@"\n`, { mode: 0o755 });
    fs.mkdirSync(runtimeDirectory());
    fs.chownSync(runtimeDirectory(), UID, UID);
    for (const [path, line] of Object.entries(FILES)) {
      const copy = join(directory, path.replaceAll("/", "_"));
      fs.writeFileSync(copy, (fs.existsSync(path) ? fs.readFileSync(path, "utf8") : "") + line);
      if (!fs.existsSync(path)) fs.writeFileSync(path, "");
      execFileSync("mount", ["--bind", copy, path]);
    }
  });
  afterAll(() => {
    for (const path of Object.keys(FILES)) execFileSync("umount", [path]);
    fs.rmSync(directory, { recursive: true });
  });
}

/** Executes the runtime, in a place that the user reaches, without the first arguments. */
function wrapper(): string {
  return join(directory, "wrapper");
}

export function runtimeDirectory(): string {
  return join(directory, "run");
}

/** What `runc spec --rootless` writes, with the user's ids; the bundle is the user's. */
export function rootless(edit: (config: Config, rootfs: string) => void = () => {}): Container {
  const container = bundle((config, rootfs) => {
    const { mounts, linux } = JSON.parse(FIXTURE) as Config;
    config.mounts = mounts;
    const maps = [{ containerID: 0, hostID: UID, size: 1 }];
    config.linux = { ...linux, uidMappings: maps, gidMappings: maps };
    edit(config, rootfs);
  });
  execFileSync("chown", ["--recursive", `${UID}:${UID}`, container.dir]);
  return container;
}

export interface UserOptions extends CallOptions {
  /** Commands of a shell of root's, before it becomes the user. */
  readonly before?: string;
  /** Options of setpriv(1). */
  readonly setpriv?: readonly string[];
  /** A command of the user's that executes the runtime. */
  readonly through?: readonly string[];
  /** Without --root. */
  readonly ownRoot?: true;
}

/** Calls the runtime as this user. */
export function asUser(container: Container, args: readonly string[], options: UserOptions = {}): Result {
  const { before = ":", setpriv = ["--clear-groups"], through = [], ownRoot, ...others } = options;
  const become = ["setpriv", "--reuid", String(UID), "--regid", String(UID), ...setpriv];
  const under = ["sh", "-e", "-c", `${before}\nexec "$@"`, "sh", ...become, ...through, wrapper()];
  const SKIP = ownRoot ? "3" : "1";
  const env = { XDG_RUNTIME_DIR: runtimeDirectory(), USER: "runt-tester", SKIP, ...others.env };
  return container.callWith({ ...others, env, under }, ...args);
}

/** A cgroup that is delegated to the user; the commands put a shell into a cgroup below it. */
export function delegate(container: Container): { readonly path: string; readonly before: string } {
  const path = join(cgroupRoot(), `delegated-${container.id}`);
  const own = join(path, "own");
  const lines = [
    `mkdir -p ${own}`,
    `chown ${UID} ${path} ${own} ${path}/cgroup.procs ${own}/cgroup.procs ${path}/cgroup.subtree_control`,
    `echo $$ > ${own}/cgroup.procs`,
  ];
  return { path, before: lines.join("\n") };
}
