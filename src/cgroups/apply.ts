// Limits into the files of a cgroup, by descriptor. For `create` before the container's process exists, so that they
// hold from its first page on; for `update` of a container that runs.

import { O_CLOEXEC, O_WRONLY } from "../abi/constants.ts";
import { EACCES, EINVAL, ENODEV, ENOENT, EOPNOTSUPP, EPERM, ERANGE, EROFS } from "../abi/errno.ts";
import { RuntError } from "../error.ts";
import { attempt, type Fd, failure } from "../kernel/call.ts";
import { close, openDirectory, readFileIfExists, toBytes, using } from "../kernel/file.ts";
import type { LinuxResources } from "../spec/types.ts";
import { enableControllers } from "./controllers.ts";
import { type FilterOptions, setDeviceFilter } from "./devices/attach.ts";
import { compileDeviceFilter } from "./devices/filter.ts";
import { giveCgroup } from "./ownership.ts";
import type { CgroupPlan } from "./plan.ts";
import { compileResources, type ResourcePlan } from "./resources/compile.ts";
import { type Limit, neededControllers } from "./resources/limit.ts";
import type { UsageCheck } from "./resources/memory.ts";
import { previousValue } from "./resources/restore.ts";

/**
 * Everything about a new cgroup but its device filter, see devices/attach.ts. Whoever calls this takes the cgroup away
 * where it throws.
 */
export function applyCgroupPlan(path: string, plan: CgroupPlan): void {
  applyLimits(path, plan);
  if (plan.owner !== undefined) giveCgroup(path, plan.owner);
}

/**
 * A part of the resources, for a container that is there: what is not in `resources` stays as it is.
 *
 * @throws RuntError with a pointer into `resources`; then all limits are what they were
 */
export function applyResources(path: string, resources: LinuxResources, options: FilterOptions): void {
  const plan = compileResources(resources, "");
  const { devices = [] } = resources;
  const filter = compileDeviceFilter(devices);
  const restore = remembering(path, plan.limits);
  try {
    applyLimits(path, plan);
    // Go writes an empty list for none. Last, since there is nothing to restore where this fails.
    if (devices.length > 0) setDeviceFilter(path, filter, { pointer: "/devices", ...options });
  } catch (error) {
    const kept = restore();
    if (kept.length === 0 || !(error instanceof RuntError)) throw error;
    throw new RuntError({ ...error.record, hint: `${kept.join(", ")} could not be set back` });
  }
}

/** Returns what sets the files of the limits back to what they say now, and names those that it could not. */
function remembering(path: string, limits: readonly Limit[]): () => readonly string[] {
  const values = limits
    .flatMap((limit) => (limit.instead === undefined ? [limit] : [limit, limit.instead]))
    .flatMap(({ file, value }) => {
      const text = readFileIfExists(`${path}/${file}`);
      const before = text === undefined ? undefined : previousValue({ file, value }, text);
      return before === undefined ? [] : [{ file, value: before }];
    })
    // So that what depends on each other is taken back in the other order.
    .reverse();
  return () =>
    using(openDirectory(path), (cgroup) => {
      const failed = new Set<string>();
      for (const value of values) {
        if (write(cgroup, value) < 0) failed.add(value.file);
        else failed.delete(value.file);
      }
      return [...failed];
    });
}

/**
 * Enables the controllers and writes the limits, in their order.
 *
 * @param path of the cgroup, which exists
 * @throws RuntError with the pointer of the limit that cannot be honoured
 */
export function applyLimits(path: string, { limits, usageChecks }: ResourcePlan): void {
  enableControllers(path, neededControllers(limits));
  if (limits.length === 0) return;
  using(openDirectory(path), (cgroup) => {
    if (usageChecks.length > 0) checkUsage(cgroup, usageChecks);
    for (const limit of limits) writeLimit(cgroup, path, limit);
  });
}

/** A cgroup without memory.current has nothing in it that could be killed. */
function checkUsage(cgroup: Fd, checks: readonly UsageCheck[]): void {
  const usage = BigInt(readFileIfExists("memory.current", cgroup)?.trim() ?? 0);
  for (const { limit, what, pointer } of checks) {
    if (limit > usage) continue;
    throw new RuntError({
      pointer,
      what: `rejecting ${what} ${limit} <= usage ${usage}`,
      hint: "without memory.checkBeforeUpdate the kernel reclaims memory, and kills if that is not enough",
    });
  }
}

function writeLimit(cgroup: Fd, path: string, limit: Limit): void {
  const { instead, optional, pointer } = limit;
  let written: Pick<Limit, "file" | "value"> = limit;
  let result = write(cgroup, limit);
  if (result === -ENOENT && instead !== undefined) {
    written = instead;
    result = write(cgroup, instead);
  }
  if (result >= 0 || (result === -ENOENT && optional)) return;
  const { file, value } = written;
  const hint = hintFor(file, -result);
  const context = { pointer, what: `write ${value} to ${path}/${file}` };
  throw failure({ ...context, ...(hint !== undefined && { hint }) }, -result);
}

/** -errno, or what write(2) returns. */
function write(cgroup: Fd, { file, value }: Pick<Limit, "file" | "value">): number {
  const fd = attempt("openat", cgroup, file, O_WRONLY | O_CLOEXEC, 0);
  if (fd < 0) return fd;
  // With a newline, since the kernel takes no notice of a write of nothing.
  const result = attempt("write", fd, toBytes(`${value}\n`), value.length + 1);
  close(fd as Fd);
  return result;
}

/** Beginning of the name of a file, errno, and what the reader may do about it. */
const HINTS: readonly (readonly [file: string, errno: number, hint: string])[] = [
  ["cpu.weight", EINVAL, "a cgroup whose cpu.idle is 1 has no weight: set idle to 0 as well"],
  ["cpu.max", EINVAL, "microseconds, at least 1000, the period at most 1000000; the burst within the quota"],
  ["cpuset.cpus", ERANGE, "this machine has the CPUs of /sys/devices/system/cpu/possible"],
  ["cpuset.cpus", EINVAL, "this machine has the CPUs of /sys/devices/system/cpu/possible"],
  ["cpuset.mems", ERANGE, "this machine has the memory nodes of /sys/devices/system/node/possible"],
  ["cpuset.mems", EINVAL, "this machine has the memory nodes of /sys/devices/system/node/possible"],
  ["io.weight", ENOENT, "the kernel has weights with the BFQ scheduler, or CONFIG_BLK_CGROUP_IOCOST"],
  ["io.", ENODEV, "the numbers have to be those of a whole block device of this host"],
  ["io.", EOPNOTSUPP, "weights of a device need its scheduler to be BFQ, or a cost model: io.cost.qos"],
  ["hugetlb.", ENOENT, "page sizes of this machine are in /sys/kernel/mm/hugepages"],
  ["memory.swap.max", ENOENT, "this kernel does not account for swap"],
  ["", ENOENT, "this kernel has no such file in a cgroup"],
  ["", EACCES, "enable cgroup v2 delegation for this user"],
  ["", EPERM, "enable cgroup v2 delegation for this user"],
  ["", EROFS, "the cgroup filesystem is mounted read-only"],
];

function hintFor(file: string, errno: number): string | undefined {
  return HINTS.find(([start, number]) => file.startsWith(start) && number === errno)?.[2];
}
