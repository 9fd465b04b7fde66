// Controllers on the way from the root of the hierarchy to a container's cgroup: a cgroup has those that its parent's
// cgroup.subtree_control names. What limits need must be there; the usual ones are wanted for what engines count.

import { decode } from "runt:host";
import { O_CLOEXEC, O_RDONLY, O_WRONLY } from "../abi/constants.ts";
import { EACCES, EBUSY, EOPNOTSUPP, EPERM, EROFS } from "../abi/errno.ts";
import { RuntError } from "../error.ts";
import { attempt, type Fd, failure } from "../kernel/call.ts";
import { CWD, close, toBytes } from "../kernel/file.ts";
import type { Limit } from "./resources/limit.ts";

/** `docker stats`, `podman stats` and the kubelet read their files. Others cost memory and time in every cgroup. */
const USUAL = ["cpuset", "cpu", "io", "memory", "pids"];

/** Longer than the names of all controllers. */
const LINE = 512;

/** Why a controller is not enabled in a cgroup: its name and the errno. */
type Refusals = Map<string, { readonly cgroup: string; readonly errno: number }>;

/**
 * @param path of the container's cgroup, which exists
 * @param needed with the limit that needs each
 * @throws RuntError naming the controller that a limit needs and cannot have
 */
export function enableControllers(path: string, needed: ReadonlyMap<string, Limit>): void {
  const wanted = [...new Set([...USUAL, ...needed.keys()])];
  const levels = levelsAbove(path, wanted);
  const refusals: Refusals = new Map();
  let available = levels.at(-1)?.available ?? [];
  for (const { cgroup, enabled } of levels.reverse()) {
    const missing = wanted.filter((name) => available.includes(name) && !enabled.includes(name));
    available = [...enabled, ...enable(cgroup, missing, refusals)];
  }
  for (const [controller, limit] of needed) {
    if (!available.includes(controller)) throw notAvailable(controller, limit, refusals);
  }
}

interface Level {
  readonly cgroup: string;
  /** In its cgroup.subtree_control. */
  readonly enabled: readonly string[];
  /** In its cgroup.controllers: known of the last level only. */
  readonly available: readonly string[];
}

/** From the parent of `path` up to one that passes all of `wanted` on, or to the root. Most often that is the parent. */
function levelsAbove(path: string, wanted: readonly string[]): Level[] {
  const levels: Level[] = [];
  for (let cgroup = parentOf(path); cgroup !== ""; cgroup = parentOf(cgroup)) {
    const enabled = readNames(`${cgroup}/cgroup.subtree_control`);
    if (enabled === undefined) break;
    const passesAll = wanted.every((name) => enabled.includes(name));
    levels.push({ cgroup, enabled, available: passesAll ? enabled : [] });
    if (passesAll) return levels;
  }
  const root = levels.pop();
  if (root !== undefined) {
    levels.push({ ...root, available: readNames(`${root.cgroup}/cgroup.controllers`) ?? [] });
  }
  return levels;
}

function parentOf(path: string): string {
  return path.slice(0, path.lastIndexOf("/"));
}

/** Of a file that is one short line, in three system calls: every `create` reads some. Undefined if there is none. */
function readNames(path: string): readonly string[] | undefined {
  const fd = attempt("openat", CWD, path, O_RDONLY | O_CLOEXEC, 0);
  if (fd < 0) return undefined;
  const buffer = new Uint8Array(LINE);
  const length = attempt("read", fd, buffer, buffer.length);
  close(fd as Fd);
  if (length < 0) throw failure(`read ${path}`, -length);
  return decode(buffer, 0, length)
    .split(/\s+/)
    .filter((name) => name !== "");
}

/** Those of `missing` that could be enabled for the cgroups below. One that is not needed may be refused. */
function enable(cgroup: string, missing: readonly string[], refusals: Refusals): readonly string[] {
  if (missing.length === 0) return [];
  const refuse = (name: string, errno: number) => refusals.set(name, { cgroup, errno });
  if (hasProcesses(cgroup)) {
    for (const name of missing) refuse(name, EBUSY);
    return [];
  }
  const fd = attempt("openat", CWD, `${cgroup}/cgroup.subtree_control`, O_WRONLY | O_CLOEXEC, 0);
  const write = (text: string) => (fd < 0 ? fd : attempt("write", fd, toBytes(text), text.length));
  const enabled = enableWith(write, missing, refuse);
  if (fd >= 0) close(fd as Fd);
  return enabled;
}

/**
 * Below such a cgroup nothing can be limited, and it has to be asked for: of the controllers that know threads (cpu,
 * cpuset, pids) the kernel enables each, and then lets no process into the cgroups below. The root is the exception.
 */
function hasProcesses(cgroup: string): boolean {
  const isRoot = readNames(`${cgroup}/cgroup.type`) === undefined;
  return !isRoot && readNames(`${cgroup}/cgroup.procs`)?.length !== 0;
}

/** One write does all or nothing. */
function enableWith(
  write: (text: string) => number,
  missing: readonly string[],
  refuse: (name: string, errno: number) => void,
): readonly string[] {
  if (write(missing.map((name) => `+${name}`).join(" ")) >= 0) return missing;
  return missing.filter((name) => {
    const result = write(`+${name}`);
    if (result < 0) refuse(name, -result);
    return result >= 0;
  });
}

/** cgroups(7), "no internal processes", and delegation. */
const HINTS: Readonly<Record<number, string>> = {
  [EBUSY]: "there are processes in that cgroup itself: give the container a cgroupsPath below one without",
  [EOPNOTSUPP]: "that cgroup is threaded: give the container a cgroupsPath elsewhere",
  [EACCES]: "enable cgroup v2 delegation for this user",
  [EPERM]: "enable cgroup v2 delegation for this user",
  [EROFS]: "the cgroup filesystem is mounted read-only",
};

function notAvailable(controller: string, limit: Limit, refusals: Refusals): RuntError {
  const { pointer } = limit;
  const what = `controller ${controller} is not available`;
  const refusal = refusals.get(controller);
  if (refusal === undefined) {
    const hint =
      "cgroup v1 has it (see /proc/cgroups), the kernel was started without it, or nobody delegated it";
    return new RuntError({ pointer, what: `${limit.file}: ${what}`, hint });
  }
  const hint = HINTS[refusal.errno];
  const context = { pointer, what: `${limit.file}: ${what}: ${refusal.cgroup}/cgroup.subtree_control` };
  return failure({ ...context, ...(hint !== undefined && { hint }) }, refusal.errno);
}
