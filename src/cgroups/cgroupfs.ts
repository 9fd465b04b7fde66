// The cgroupfs driver: the container's own cgroup as a directory of cgroup v2. It is made before the container's
// process, which is cloned right into it; it is emptied by cgroup.kill and watched through cgroup.events.

import {
  AT_REMOVEDIR,
  CGROUP2_SUPER_MAGIC,
  O_CLOEXEC,
  O_DIRECTORY,
  O_RDONLY,
  O_WRONLY,
  POLLPRI,
} from "../abi/constants.ts";
import { EBUSY, ENODEV, ENOENT, ENOTEMPTY } from "../abi/errno.ts";
import { getWord } from "../abi/structs.ts";
import { RuntError } from "../error.ts";
import { attempt, type Fd, failure } from "../kernel/call.ts";
import {
  CWD,
  isDirectory,
  list,
  makeDirectories,
  openDirectory,
  openIfExists,
  readFile,
  readFileIfExists,
  statPath,
  using,
} from "../kernel/file.ts";
import { poll } from "../kernel/process.ts";
import { lines } from "../lines.ts";
import { cgroupPath, ownCgroup } from "./path.ts";
import type { CgroupPlace } from "./place.ts";

/** Unified hosts, and hybrid ones, which mount cgroup v2 beside v1. */
const MOUNT_POINTS = ["/sys/fs/cgroup", "/sys/fs/cgroup/unified"];
/** Milliseconds for killed processes to end. Only one in an uninterruptible sleep takes longer. */
const KILL_DEADLINE = 10_000;

let found: string | undefined;

/** Where the host has mounted cgroup v2. */
export function mountPoint(): string {
  found ??= MOUNT_POINTS.find((path) => {
    const buffer = new Uint8Array(120);
    return attempt("statfs", path, buffer) === 0 && getWord(buffer, 0) === CGROUP2_SUPER_MAGIC;
  });
  if (found !== undefined) return found;
  throw new RuntError({
    what: "cgroup v2 is not mounted at /sys/fs/cgroup or /sys/fs/cgroup/unified",
    hint: "boot with systemd.unified_cgroup_hierarchy=1, or mount -t cgroup2 none /sys/fs/cgroup/unified",
  });
}

/** Absolute path of the container's cgroup on the host. Nothing is made yet. */
export function locateCgroup(cgroupsPath: string | undefined, id: string): string {
  const own = ownCgroup(readFile("/proc/self/cgroup")) ?? "/";
  const path = cgroupPath(cgroupsPath, id, own);
  if (path === "/") {
    throw new RuntError({
      pointer: "/linux/cgroupsPath",
      what: `found ${JSON.stringify(cgroupsPath)}, expected the path of a cgroup below the root cgroup`,
    });
  }
  return mountPoint() + path;
}

/** The topmost directory on the way to `path` that does not exist yet; `path` itself if all do. */
export function firstMissing(path: string): string {
  let missing = path;
  for (let at = path; at !== ""; at = at.slice(0, at.lastIndexOf("/"))) {
    if (statPath(at) !== -ENOENT) break;
    missing = at;
  }
  return missing;
}

/** @throws RuntError if it cannot be made */
export function makeCgroup(path: string): void {
  makeDirectories(path, 0o755, { what: `create cgroup ${path}`, pointer: "/linux/cgroupsPath" });
}

/**
 * Before anything says that the cgroup is ours: whoever takes back what was made, now or after a crash, kills what is
 * in it.
 *
 * @throws RuntError if there are processes in it or below
 */
export function requireEmpty(path: string): void {
  const events = attempt("openat", CWD, `${path}/cgroup.events`, O_RDONLY | O_CLOEXEC, 0);
  // Whatever else is wrong with the path will be said by who makes it.
  if (events < 0) return;
  if (!using(events as Fd, () => isPopulated(readFromStart(events as Fd)))) return;
  throw new RuntError({
    pointer: "/linux/cgroupsPath",
    what: `container's cgroup is not empty: ${path}`,
    hint: "give the container a cgroupsPath of its own",
  });
}

export function openCgroup(path: string): Fd {
  return openDirectory(path);
}

export function isPopulated(events: string): boolean {
  return events.includes("populated 1");
}

/** Kills every process in the cgroup and below, and waits until they have ended. A cgroup that is gone is empty. */
export function killCgroup(path: string): void {
  const directory = openIfExists(path, O_RDONLY | O_DIRECTORY);
  if (directory === undefined) return;
  using(directory, () => {
    const events = openIfExists("cgroup.events", O_RDONLY, directory);
    if (events === undefined) return;
    using(events, () => {
      if (!isPopulated(readFromStart(events))) return;
      kill(directory, path);
      awaitEmpty(events, path);
    });
  });
}

/** False if there are no processes. */
export function signalCgroup(path: string, send: (pid: number) => void): boolean {
  const pids = lines(readFileIfExists(`${path}/cgroup.procs`));
  for (const pid of pids) send(Number(pid));
  return pids.length > 0;
}

/** A cgroup that is being removed has nobody left to kill. */
function kill(directory: Fd, path: string): void {
  const fd = openIfExists("cgroup.kill", O_WRONLY, directory);
  if (fd === undefined) return;
  const result = using(fd, () => attempt("write", fd, "1", 1));
  if (result < 0 && result !== -ENODEV) throw failure(`kill the processes of ${path}`, -result);
}

function awaitEmpty(events: Fd, path: string): void {
  while (isPopulated(readFromStart(events))) {
    if (poll([{ fd: events, events: POLLPRI }], KILL_DEADLINE) === undefined) throw stillPopulated(path);
  }
}

/** Of a descriptor that stays open, and is polled between. Empty where the cgroup has been removed meanwhile. */
export function readFromStart(fd: Fd): string {
  const buffer = new Uint8Array(256);
  const offset = attempt("lseek", fd, 0, 0);
  const length = offset < 0 ? offset : attempt("read", fd, buffer, buffer.length);
  if (length === -ENODEV) return "";
  if (length < 0) throw failure("read a file of the cgroup", -length);
  return String.fromCharCode(...buffer.subarray(0, length));
}

/** For an error that names them. */
export function listPids(path: string): string {
  return lines(readFile(`${path}/cgroup.procs`)).join(", ");
}

function stillPopulated(path: string): RuntError {
  return new RuntError({
    what: `processes of ${path} are still there ${KILL_DEADLINE / 1000} s after they were killed: ${listPids(path)}`,
    hint: "they wait in the kernel for a device or a server; delete the container again when that has answered",
  });
}

/**
 * Removes the cgroup with those that the container made in it, then the empty ones above up to `top`. Processes that
 * are left in it are killed: the kernel removes an empty cgroup at once, so that most often there is nothing to ask.
 */
export function removeCgroup({ path, top }: CgroupPlace): void {
  const result = attempt("unlinkat", CWD, path, AT_REMOVEDIR);
  if (result === -EBUSY || result === -ENOTEMPTY) {
    killCgroup(path);
    removeTree(path);
  } else if (result < 0 && statPath(path) !== -ENOENT) throw failure(`remove cgroup ${path}`, -result);
  for (let at = path; at.length > top.length; ) {
    at = at.slice(0, at.lastIndexOf("/"));
    // Another container's cgroup may be there by now.
    if (attempt("unlinkat", CWD, at, AT_REMOVEDIR) < 0) return;
  }
}

function removeTree(path: string): void {
  const result = attempt("unlinkat", CWD, path, AT_REMOVEDIR);
  if (result === 0 || result === -ENOENT) return;
  if (result !== -EBUSY && result !== -ENOTEMPTY) throw failure(`remove cgroup ${path}`, -result);
  const directory = openIfExists(path, O_RDONLY | O_DIRECTORY);
  if (directory === undefined) return;
  for (const name of using(directory, list)) {
    const status = statPath(`${path}/${name}`);
    if (typeof status !== "number" && isDirectory(status)) removeTree(`${path}/${name}`);
  }
  const again = attempt("unlinkat", CWD, path, AT_REMOVEDIR);
  if (again < 0 && again !== -ENOENT) throw failure(`remove cgroup ${path}`, -again);
}
