// Namespaces that the container joins: opened and checked before anything else happens, and then entered by whoever
// still has the privilege to.
//
// A namespace belongs to a user namespace, and entering it needs CAP_SYS_ADMIN there. Where the container has a user
// namespace of its own, the host's namespaces must be entered before it, and its own ones after it.

import { CLONE_NEWTIME, NS_GET_NSTYPE, NS_GET_USERNS, O_RDONLY } from "../abi/constants.ts";
import { getLong, STAT } from "../abi/structs.ts";
import { SYS } from "../abi/syscalls.ts";
import { RuntError } from "../error.ts";
import { attempt, call, type Fd } from "../kernel/call.ts";
import { close, open, stat, using, writeValue } from "../kernel/file.ts";
import { joinName } from "../namespaces/compile.ts";
import { has, type Join, NAMESPACE_FLAG, type NamespacePlan } from "../namespaces/plan.ts";
import { join } from "../spec/check.ts";
import { sysctlPath } from "../spec/sysctl.ts";
import type { LinuxNamespaceType, LinuxTimeOffsets } from "../spec/types.ts";
import { becomeRoot, type RawCall, rawCall } from "./spawn.ts";

interface OpenJoin extends Join {
  readonly fd: Fd;
}

export interface Joins {
  readonly opened: readonly OpenJoin[];
  /** Entered by the stage, and by which name it inherits each. */
  readonly byStage: readonly Join[];
  readonly descriptors: Readonly<Record<string, Fd>>;
  /** Made by an intermediate process, before the container's process is cloned. */
  readonly before: readonly RawCall[];
  /** Entered by ourselves, for the time of one clone: whoever shares our memory may not. */
  readonly time: OpenJoin | undefined;
}

const NONE: Joins = { opened: [], byStage: [], descriptors: {}, before: [], time: undefined };

/** @throws RuntError if one cannot be opened or is not of its type */
export function openJoins(plan: NamespacePlan): Joins {
  if (plan.joined.length === 0) return NONE;
  const opened = plan.joined.map((join) => ({ ...join, fd: openNamespace(join) }));
  const find = (wanted: LinuxNamespaceType) => opened.find(({ type }) => type === wanted);
  const [user, pid, time] = [find("user"), find("pid"), find("time")];
  const isOwn = ({ fd }: OpenJoin) => user !== undefined && belongsTo(fd, user.fd);
  const others = opened.filter((join) => join !== user && join !== pid && join !== time);
  const byStage = others.filter((join) => !has(plan, "user") || isOwn(join));
  const setns = ({ fd, type }: OpenJoin): RawCall => rawCall(SYS.setns, fd, NAMESPACE_FLAG[type]);
  // Only children enter a pid namespace, so that the stage cannot do it for itself.
  const pidFirst = pid !== undefined && !isOwn(pid);
  return {
    opened,
    byStage,
    descriptors: Object.fromEntries(byStage.map((join) => [joinName(join), join.fd])),
    before: [
      ...others.filter((join) => !byStage.includes(join)).map(setns),
      ...(pidFirst ? [setns(pid)] : []),
      ...(user ? [setns(user), ...becomeRoot()] : []),
      ...(pid && !pidFirst ? [setns(pid)] : []),
    ],
    time,
  };
}

function openNamespace({ type, path, pointer }: Join): Fd {
  const what = `open the ${type} namespace ${path}`;
  const fd = open(path, O_RDONLY, { context: { what, pointer } });
  const found = attempt("ioctl", fd, NS_GET_NSTYPE);
  if (found === NAMESPACE_FLAG[type]) return fd;
  close(fd);
  const name = Object.entries(NAMESPACE_FLAG).find(([, flag]) => flag === found)?.[0];
  const is = name === undefined ? "not a namespace" : `a ${name} namespace`;
  throw new RuntError({ pointer, what: `${path} is ${is}, expected a ${type} namespace` });
}

/** A sysctl of the network namespace must not be the host's, whichever path leads there. */
export function rejectHostNetwork(joins: Joins, sysctl: Readonly<Record<string, string>>): void {
  const network = joins.opened.find(({ type }) => type === "network");
  if (network === undefined) return;
  const key = Object.keys(sysctl).find((name) => sysctlPath(name)?.startsWith("net/"));
  if (key === undefined) return;
  using(open("/proc/self/ns/net", O_RDONLY), (own) => {
    if (inode(own) !== inode(network.fd)) return;
    throw new RuntError({
      pointer: join("/linux/sysctl", key),
      what: `sysctl "${key}" not allowed in host network namespace`,
    });
  });
}

/** False too where the owner is above our own user namespace, and the kernel will not show it. */
function belongsTo(namespace: Fd, user: Fd): boolean {
  const owner = attempt("ioctl", namespace, NS_GET_USERNS);
  if (owner < 0) return false;
  return using(owner as Fd, () => inode(owner as Fd) === inode(user));
}

function inode(fd: Fd): number {
  return getLong(stat(fd, "a namespace"), STAT.inode);
}

/** Runs `body`, whose children enter the container's time namespace, and takes this process back to where it was. */
export function inTimeNamespace<T>(
  plan: NamespacePlan,
  { time }: Joins,
  timeOffsets: LinuxTimeOffsets | undefined,
  body: () => T,
): T {
  if (!has(plan, "time")) return body();
  const own = open("/proc/self/ns/time", O_RDONLY);
  try {
    if (time === undefined) createTimeNamespace(timeOffsets ?? {});
    else call({ what: "join the time namespace", pointer: time.pointer }, "setns", time.fd, CLONE_NEWTIME);
    return body();
  } finally {
    // A runtime that does not know what time it is must not go on.
    call("return to the own time namespace", "setns", own, CLONE_NEWTIME);
    close(own);
  }
}

/** time_namespaces(7): offsets can be set until the first process is in the namespace. */
function createTimeNamespace(offsets: LinuxTimeOffsets): void {
  call({ what: "create a time namespace", pointer: "/linux/namespaces" }, "unshare", CLONE_NEWTIME);
  for (const clock of ["monotonic", "boottime"] as const) {
    const offset = offsets[clock];
    if (offset === undefined) continue;
    const { secs = 0n, nanosecs = 0 } = offset;
    const context = { what: `set the offset of the ${clock} clock`, pointer: `/linux/timeOffsets/${clock}` };
    writeValue("/proc/self/timens_offsets", `${clock} ${secs} ${nanosecs}\n`, { context });
  }
}
