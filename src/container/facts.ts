// What the compiler needs to know of the host, read before anything is changed.

import {
  AT_FDCWD,
  OPEN_TREE_CLOEXEC,
  OPEN_TREE_CLONE,
  PROC_SUPER_MAGIC,
  STATX_MNT_ID,
} from "../abi/constants.ts";
import { ENOTDIR, EPERM } from "../abi/errno.ts";
import { getLong, STAT, STATX } from "../abi/structs.ts";
import { mountPoint } from "../cgroups/cgroupfs.ts";
import { RuntError } from "../error.ts";
import { attempt, call, type Fd, failure } from "../kernel/call.ts";
import { close, isDirectory, resolvePath, statPath } from "../kernel/file.ts";
import { has, type NamespacePlan } from "../namespaces/plan.ts";
import { capabilityBit, planCapabilities } from "../process/capabilities.ts";
import type { UserFacts } from "../process/user.ts";
import { parseMountOptions } from "../rootfs/mount_options.ts";
import type { BindSource, StandIn } from "../rootfs/mounts.ts";
import { containerPath, hostPath } from "../rootfs/path.ts";
import { type HookKind, hookKinds } from "../spec/hooks.ts";
import { isIdmapped } from "../spec/mounts.ts";
import type { Linux, Process, Spec } from "../spec/types.ts";
import type { ContainerFacts, PrivilegeFacts } from "./compile.ts";
import type { ContainerHooks } from "./hooks.ts";
import {
  allCapabilities,
  type Caller,
  inspectStandardStreams,
  isFilesystem,
  isInitialUserNamespace,
  isSetgroupsDenied,
  readCaller,
  type StandardStreams,
} from "./host.ts";
import { isOwnId } from "./id_maps.ts";

export interface Subject {
  readonly id: string;
  readonly spec: Spec;
  readonly process: Process;
  /** Absolute path of the bundle. */
  readonly bundle: string;
  readonly namespaces: NamespacePlan;
  readonly joinedByStage: ContainerFacts["joinedByStage"];
  readonly hooks: ContainerHooks | undefined;
}

/** Hooks that find the root filesystem with all that is mounted in it. */
const AT_CREATE: readonly HookKind[] = ["prestart", "createRuntime", "createContainer"];

/** Of the host, what config.json names there: to be known before anything is made. */
export type Sources = Pick<ContainerFacts, "root" | "mounts" | "seccomp">;

/** @throws RuntError where the rootfs or the source of a bind mount is missing, or groups are that may not be set */
export function readSources(
  { spec, process, bundle, namespaces }: Omit<Subject, "hooks">,
  uid: number,
): Sources {
  // The stage, whose root may be nobody on the host, could not reach these paths itself.
  const inherited = has(namespaces, "user") && uid === 0 && has(namespaces, "mount") && mayClone();
  const root = hostPath(bundle, spec.root.path);
  requireDirectory(root);
  requireGroups(process, spec.linux, namespaces, uid);
  return {
    root: {
      path: root,
      inherited,
      hostMount: isSeenByHooks(spec) ? mountPointOf(root) : undefined,
    },
    mounts: {
      sources: bindSources(spec, bundle, inherited),
      cgroup: cgroupMount(spec),
      cgroupNamespace: has(namespaces, "cgroup"),
      standIns: [],
    },
  };
}

/** The rest, which decides how things are done: there is time for it while the kernel makes the namespaces. */
export function readFacts({ id, process, hooks, ...subject }: Subject, sources: Sources): ContainerFacts {
  const { namespaces, joinedByStage } = subject;
  const isHost = isOfHost(namespaces);
  const caller = readCaller();
  const streams = inspectStandardStreams(process.user.uid);
  return {
    id,
    namespaces,
    joinedByStage,
    ...sources,
    ...(!isHost && { mounts: { ...sources.mounts, standIns: standIns(namespaces) } }),
    devices: {
      // mknod(2) needs the capability in the initial user namespace.
      mayMknod: isHost && (caller.permitted & capabilityBit("CAP_MKNOD")) !== 0n,
      kcoreExists: typeof statPath("/proc/kcore") !== "number",
    },
    ...privilegeFacts(process, subject.spec.linux, namespaces, caller, streams),
    ignoredSignals: caller.ignoredSignals,
    nullStdio: streams.nulls,
    hooks: hooks?.steps,
  };
}

/** What a process of the container may have, and what it has before it gives up the rest. */
export function privilegeFacts(
  process: Process,
  linux: Linux | undefined,
  namespaces: NamespacePlan,
  caller: Caller,
  streams: StandardStreams,
): PrivilegeFacts {
  const all = has(namespaces, "user") ? allCapabilities() : undefined;
  return {
    user: {
      setgroupsDenied: deniesGroups(linux, namespaces, attempt("geteuid")),
      foreignStdio: streams.foreign,
    },
    capabilities: planCapabilities(process.capabilities, all ?? caller.permitted),
    bounding: all ?? caller.bounding,
  };
}

/** Root of a user namespace may be in a mount namespace of others. Then it has no files that the stage could not reach. */
function mayClone(): boolean {
  if (isInitialUserNamespace()) return true;
  const tree = attempt("open_tree", AT_FDCWD, "/", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
  if (tree >= 0) close(tree as Fd);
  return tree !== -EPERM;
}

function isSeenByHooks({ hooks }: Spec): boolean {
  return hooks !== undefined && hookKinds(hooks).some((kind) => AT_CREATE.includes(kind));
}

/** The highest of the directories above that are on the same mount. */
function mountPointOf(path: string): string {
  let at = resolvePath(path);
  const mount = mountId(at);
  for (;;) {
    const above = at.slice(0, Math.max(1, at.lastIndexOf("/")));
    if (above === at || mountId(above) !== mount) return at;
    at = above;
  }
}

/** Of the mount that a path is on. */
export function mountId(path: string): number {
  const buffer = new Uint8Array(STATX.size);
  call(`statx ${path}`, "statx", AT_FDCWD, path, 0, STATX_MNT_ID, buffer);
  return getLong(buffer, STATX.mountId);
}

/** @throws RuntError where the process has groups that the kernel would refuse */
export function requireGroups(
  { user }: Process,
  linux: Linux | undefined,
  namespaces: NamespacePlan,
  uid: number,
): void {
  if (user.additionalGids?.length && deniesGroups(linux, namespaces, uid) === true) throw groupsDenied();
}

/** Of a namespace that is joined its owner has decided. */
function deniesGroups(
  linux: Linux | undefined,
  namespaces: NamespacePlan,
  uid: number,
): UserFacts["setgroupsDenied"] {
  if (has(namespaces, "user") && !namespaces.created.has("user")) return "perhaps";
  const mapsItself = uid !== 0 && has(namespaces, "user") && isOwnId(linux?.gidMappings, "gid");
  return mapsItself || isSetgroupsDenied();
}

function groupsDenied(): RuntError {
  return new RuntError({
    pointer: "/process/user/additionalGids",
    what: "cannot set any additional groups in a rootless container",
    hint: "the kernel denies setgroups(2) in a user namespace whose ids were mapped without privilege",
  });
}

/** Of a container that is not root of the host. */
function standIns(namespaces: NamespacePlan): readonly StandIn[] {
  return mayLackProc(namespaces) ? ["sysfs", "proc"] : ["sysfs"];
}

/** A procfs of a pid namespace that the container shares is the host's, as far as it can be seen. */
export function mayLackProc(namespaces: NamespacePlan): boolean {
  return !has(namespaces, "pid") && !isOfHost(namespaces);
}

function isOfHost(namespaces: NamespacePlan): boolean {
  return !has(namespaces, "user") && isInitialUserNamespace();
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
  return isFilesystem(path, PROC_SUPER_MAGIC) && getLong(status, STAT.inode) === 1;
}

/** Where the host has cgroup v2; looked up for those who mount it only. */
function cgroupMount({ mounts = [] }: Spec): string {
  return mounts.some(({ type }) => type === "cgroup" || type === "cgroup2") ? mountPoint() : "";
}

function bindSources(spec: Spec, bundle: string, inherited: boolean): ReadonlyMap<number, BindSource> {
  const sources = new Map<number, BindSource>();
  spec.mounts?.forEach((mount, index) => {
    const { destination, source = "", options = [] } = mount;
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
    sources.set(index, { path, isDirectory: isDirectory(status), inherited: inherited || isIdmapped(mount) });
  });
  return sources;
}
