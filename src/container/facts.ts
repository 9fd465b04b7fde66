// What the compiler needs to know of the host, read before anything is changed.

import { PROC_SUPER_MAGIC } from "../abi/constants.ts";
import { ENOTDIR } from "../abi/errno.ts";
import { getLong, getWord, STAT } from "../abi/structs.ts";
import { mountPoint } from "../cgroups/cgroupfs.ts";
import { RuntError } from "../error.ts";
import { attempt, failure } from "../kernel/call.ts";
import { isDirectory, statPath } from "../kernel/file.ts";
import { has, type NamespacePlan } from "../namespaces/plan.ts";
import { capabilityBit, planCapabilities } from "../process/capabilities.ts";
import { parseMountOptions } from "../rootfs/mount_options.ts";
import type { BindSource } from "../rootfs/mounts.ts";
import { containerPath, hostPath } from "../rootfs/path.ts";
import type { Process, Spec } from "../spec/types.ts";
import type { ContainerFacts } from "./compile.ts";
import {
  allCapabilities,
  type Caller,
  inspectStandardStreams,
  isInitialUserNamespace,
  isSetgroupsDenied,
  readCaller,
} from "./host.ts";

export interface Subject {
  readonly id: string;
  readonly spec: Spec;
  readonly process: Process;
  /** Absolute path of the bundle. */
  readonly bundle: string;
  readonly namespaces: NamespacePlan;
  readonly joinedByStage: ContainerFacts["joinedByStage"];
}

/** Of the host, what config.json names there: to be known before anything is made. */
export type Sources = Pick<ContainerFacts, "root" | "mounts">;

/** @throws RuntError where the rootfs or the source of a bind mount is missing, or groups are that may not be set */
export function readSources({ spec, process, bundle, namespaces }: Subject, uid: number): Sources {
  // The stage, whose root may be nobody on the host, could not reach these paths itself.
  const inherited = has(namespaces, "user") && uid === 0 && has(namespaces, "mount");
  const root = hostPath(bundle, spec.root.path);
  requireDirectory(root);
  if (process.user.additionalGids?.length && deniesGroups(namespaces, uid)) throw groupsDenied();
  return {
    root: { path: root, inherited },
    mounts: {
      sources: bindSources(spec, bundle, inherited),
      cgroup: cgroupMount(spec),
      cgroupNamespace: has(namespaces, "cgroup"),
    },
  };
}

/** The rest, which decides how things are done: there is time for it while the kernel makes the namespaces. */
export function readFacts({ id, process, ...subject }: Subject, sources: Sources): ContainerFacts {
  const { namespaces, joinedByStage } = subject;
  const ownUser = has(namespaces, "user");
  const caller = readCaller();
  const all = ownUser ? allCapabilities() : undefined;
  const streams = inspectStandardStreams(process.user.uid);
  return {
    id,
    namespaces,
    joinedByStage,
    ...sources,
    devices: {
      mayMknod: !ownUser && mayMknod(caller),
      kcoreExists: typeof statPath("/proc/kcore") !== "number",
    },
    user: {
      setgroupsDenied: deniesGroups(namespaces, attempt("geteuid")),
      foreignStdio: streams.foreign,
    },
    capabilities: planCapabilities(process.capabilities, all ?? caller.permitted),
    bounding: all ?? caller.bounding,
    ignoredSignals: caller.ignoredSignals,
    nullStdio: streams.nulls,
  };
}

function deniesGroups(namespaces: NamespacePlan, uid: number): boolean {
  return (has(namespaces, "user") && uid !== 0) || isSetgroupsDenied();
}

function groupsDenied(): RuntError {
  return new RuntError({
    pointer: "/process/user/additionalGids",
    what: "cannot set any additional groups in a rootless container",
    hint: "the kernel denies setgroups(2) in a user namespace whose ids were mapped without privilege",
  });
}

/** mknod(2) needs the capability in the initial user namespace. */
function mayMknod({ permitted }: Caller): boolean {
  return (permitted & capabilityBit("CAP_MKNOD")) !== 0n && isInitialUserNamespace();
}

function requireDirectory(path: string): void {
  const context = { pointer: "/root/path", what: `root filesystem ${path}` };
  const status = statPath(path);
  if (typeof status === "number") {
    throw failure({ ...context, hint: "root.path is relative to the bundle directory" }, -status);
  }
  if (!isDirectory(status)) throw failure(context, ENOTDIR);
}

/** Of the root of a procfs: security modules trust the files below /proc. */
function isProcfs(path: string, status: Uint8Array): boolean {
  const filesystem = new Uint8Array(120);
  const isProc = attempt("statfs", path, filesystem) === 0 && getWord(filesystem, 0) === PROC_SUPER_MAGIC;
  return isProc && getLong(status, STAT.inode) === 1;
}

/** Where the host has cgroup v2; looked up for those who mount it only. */
function cgroupMount({ mounts = [] }: Spec): string {
  return mounts.some(({ type }) => type === "cgroup" || type === "cgroup2") ? mountPoint() : "";
}

function bindSources(spec: Spec, bundle: string, inherited: boolean): ReadonlyMap<number, BindSource> {
  const sources = new Map<number, BindSource>();
  spec.mounts?.forEach(({ destination, source = "", options = [] }, index) => {
    const { bind, remount } = parseMountOptions(options);
    if (bind === undefined || remount) return;
    const path = hostPath(bundle, source);
    const status = statPath(path);
    if (typeof status === "number") {
      const hint = `create ${path} on the host, or remove the mount`;
      const what = `bind ${path} on ${destination}`;
      throw failure({ pointer: `/mounts/${index}/source`, what, hint }, -status);
    }
    if (containerPath(destination) === "/proc" && !isProcfs(path, status)) {
      const what = `${path} cannot be bound to ${destination} because it is not of type proc`;
      throw new RuntError({ pointer: `/mounts/${index}/source`, what });
    }
    sources.set(index, { path, isDirectory: isDirectory(status), inherited });
  });
  return sources;
}
