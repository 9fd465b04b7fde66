// `mounts`: each entry becomes a detached mount, and then one move_mount onto a descriptor inside the root. Nothing
// is ever mounted by path, so a link in the image or a race with another container cannot redirect it.

import {
  AT_EMPTY_PATH,
  AT_FDCWD,
  AT_RECURSIVE,
  FSCONFIG_CMD_CREATE,
  FSCONFIG_SET_STRING,
  FSMOUNT_CLOEXEC,
  FSOPEN_CLOEXEC,
  MOUNT_ATTR_RDONLY,
} from "../abi/constants.ts";
import { EBUSY, EPERM } from "../abi/errno.ts";
import { STAT } from "../abi/structs.ts";
import { STAT_BUFFER } from "../program/buffers.ts";
import { type Builder, branch, field, inherited, type PartInputs } from "../program/builder.ts";
import type { Register } from "../program/instruction.ts";
import type { Mount } from "../spec/types.ts";
import { compileLegacyMount } from "./legacy_mount.ts";
import { compileRootLabel, withLabel } from "./mount_label.ts";
import { type MountOptions, parseMountOptions } from "./mount_options.ts";
import { type ContainerPath, containerPath } from "./path.ts";
import { compileRemount } from "./remount.ts";
import { openOrMakeDirectory, openOrMakeFile } from "./resolve.ts";
import { mountAttributes } from "./structures.ts";
import { type Copy, type CopyTree, compileCopyUp } from "./tmpcopyup.ts";
import { attach, cloneTree, configureSuperblock, setAttributes } from "./tree.ts";

/** What the parent knows of the source of a bind mount. */
export interface BindSource {
  readonly path: string;
  readonly isDirectory: boolean;
  /** The stage inherits a detached copy: it could not reach the path in its user namespace, or not map its ids. */
  readonly inherited: boolean;
}

export interface MountFacts {
  /** By index of the mount; bind mounts only. */
  readonly sources: ReadonlyMap<number, BindSource>;
  /** Where the host has cgroup v2. */
  readonly cgroup: string;
  /** The container is in a cgroup namespace of its own, or of others. */
  readonly cgroupNamespace: boolean;
  /** Types of filesystems of which the kernel may refuse a new one, and for which the host's stands in. */
  readonly standIns: readonly StandIn[];
}

export type StandIn = "proc" | "sysfs";

/** Name of the inherited copy of the source of `mounts[index]`. */
export function sourceName(index: number): string {
  return `source${index}`;
}

/** Mounts that must stay writable until devices and mount points below them are made. */
export interface LateReadonly {
  readonly destination: ContainerPath;
  readonly pointer: string;
}

export function compileMounts(
  b: Builder,
  root: Register,
  mounts: readonly Mount[],
  facts: MountFacts,
  label = "",
  copy: CopyTree = () => {},
): readonly LateReadonly[] {
  const late: LateReadonly[] = [];
  mounts.forEach((mount, index) => {
    const pointer = `/mounts/${index}`;
    b.from(pointer);
    const source = facts.sources.get(index);
    if (source !== undefined) {
      compileBind(b, root, mount, source, index);
      return;
    }
    const inputs = mountInputs(root, mount, facts, label);
    const options = parseMountOptions(mount.options ?? []);
    const { standIns } = facts;
    const standIn =
      standIns.length === 0 ? undefined : standIns.find((type) => mayStandIn(type, mount, options));
    const copyHere: Copy | undefined = options.tmpcopyup ? (from, to) => copy(from, to, index) : undefined;
    const when =
      standIn === undefined && copyHere === undefined
        ? b.part("mount", inputs, compileMount)
        : compileMount(b, inputs, { copy: copyHere, standIn });
    if (when === "late") {
      late.push({ destination: containerPath(mount.destination), pointer });
    }
  });
  return late;
}

/** What no prepared part of a program has. */
interface Special {
  readonly copy?: Copy | undefined;
  readonly standIn?: StandIn | undefined;
}

/** The host's has no options but its own. Of its sysfs, which has more than the container's, nothing may be written. */
function mayStandIn(
  type: StandIn,
  mount: Mount,
  { data, remount, set, recursiveSet }: MountOptions,
): boolean {
  if (mount.type !== type || remount || data.length > 0) return false;
  return type === "proc" || ((set | recursiveSet) & MOUNT_ATTR_RDONLY) !== 0;
}

/** Of a cgroup filesystem: before the path of the host's, where the container has another one. */
const NAMESPACED = "namespaced ";

/** The detail of a cgroup filesystem is the host's, that of others the label of SELinux. */
function mountInputs(root: Register, mount: Mount, facts: MountFacts, label: string): PartInputs<Mount> {
  const isCgroup = mount.type === "cgroup" || mount.type === "cgroup2";
  const cgroup = facts.cgroupNamespace ? NAMESPACED + facts.cgroup : facts.cgroup;
  return { subject: mount, detail: isCgroup ? cgroup : label, registers: [root] };
}

/** Anything but a bind mount. "late": it is to become read-only. */
function compileMount(b: Builder, inputs: PartInputs<Mount>, special: Special = {}): "late" | undefined {
  const { subject: mount, detail } = inputs;
  const [root] = inputs.registers as [Register];
  const options = withLabel(parseMountOptions(mount.options ?? []), mount.type, detail);
  const destination = containerPath(mount.destination);
  if (options.remount) {
    compileRemount(b, root, destination, options);
    return undefined;
  }
  if (options.iversion) {
    compileLegacyMount(b, root, mount, destination, options);
    return undefined;
  }
  const whole = withRecursive(options);
  const isLate = mount.type === "tmpfs" && (whole.set & MOUNT_ATTR_RDONLY) !== 0;
  compileFilesystem(b, root, mount, isLate ? writable(whole) : whole, detail, special);
  return isLate ? "late" : undefined;
}

/** The tree of a new filesystem is one mount. */
function withRecursive(options: MountOptions): MountOptions {
  return { ...options, set: options.set | options.recursiveSet };
}

function writable(options: MountOptions): MountOptions {
  return { ...options, set: options.set & ~MOUNT_ATTR_RDONLY };
}

/** A directory, since no filesystem but a bind mount can have a file as its root. */
function compileFilesystem(
  b: Builder,
  root: Register,
  mount: Mount,
  options: MountOptions,
  detail: string,
  { copy, standIn }: Special,
): void {
  const destination = containerPath(mount.destination);
  const type = mount.type === "cgroup" ? "cgroup2" : (mount.type ?? "");
  b.scratch("mount", (fs) => {
    if (standIn !== undefined) compileNewOrHost(b, mount, standIn, options, fs);
    else if (type !== "cgroup2") compileNew(b, mount, type, options, fs);
    else if (detail.startsWith(NAMESPACED))
      compileCgroup(b, mount, options, detail.slice(NAMESPACED.length), fs);
    else compileCgroupClone(b, options, detail, fs);
    compileRootLabel(b, fs, type, detail);
    b.scratch("target", (target) => {
      const noSymlinks = mustBeOrdinary(type, destination);
      const hasMode = type !== "tmpfs" || options.data.some((option) => option.startsWith("mode="));
      openOrMakeDirectory(b, root, destination, target, noSymlinks, () => {
        if (!hasMode) copyMode(b, target, fs);
        if (copy !== undefined) compileCopyUp(b, target, fs, copy);
      });
      attach(b, fs, target, options);
    });
  });
}

/** `into` = a new filesystem, detached, or what `instead` makes where the kernel refuses one. */
function compileNew(
  b: Builder,
  mount: Mount,
  type: string,
  options: MountOptions,
  into: Register,
  instead?: () => void,
): void {
  b.scratch("context", (context) => {
    b.call("fsopen", [type, FSOPEN_CLOEXEC], { into: context });
    configure(b, context, mount, options);
    const refused = instead && b.label();
    const on = refused && [branch(EPERM, refused), branch(EBUSY, refused)];
    b.call("fsconfig", [context, FSCONFIG_CMD_CREATE], { on });
    b.call("fsmount", [context, FSMOUNT_CLOEXEC, options.set], { into });
    if (refused !== undefined) {
      const done = b.label();
      b.jump(done);
      b.place(refused);
      instead?.();
      b.place(done);
    }
    b.call("close", [context]);
  });
}

const HOST: Readonly<Record<StandIn, string>> = { proc: "/proc", sysfs: "/sys" };

/**
 * A new procfs or sysfs is for the user namespace that owns the pid or the network namespace that it shows, where nothing
 * of the host's is covered.
 */
function compileNewOrHost(
  b: Builder,
  mount: Mount,
  type: StandIn,
  options: MountOptions,
  into: Register,
): void {
  const [unopened, refused, done] = [b.label(), b.label(), b.label()];
  const on = [branch(EPERM, refused)];
  b.scratch("context", (context) => {
    b.call("fsopen", [type, FSOPEN_CLOEXEC], { into: context, on: [branch(EPERM, unopened)] });
    configure(b, context, mount, options);
    b.call("fsconfig", [context, FSCONFIG_CMD_CREATE], { on });
    b.call("fsmount", [context, FSMOUNT_CLOEXEC, options.set], { into, on });
    b.call("close", [context]);
    b.jump(done);
    b.place(refused);
    b.call("close", [context]);
  });
  b.place(unopened);
  // With what is mounted below it: the kernel shows nothing that the mounts have covered.
  cloneTree(b, AT_FDCWD, HOST[type], AT_RECURSIVE, into);
  const flags = AT_EMPTY_PATH | AT_RECURSIVE;
  b.call("mount_setattr", [into, "", flags, mountAttributes(options.set, 0), 32]);
  b.place(done);
}

/** In a user namespace that does not own the cgroup namespace the kernel refuses a new mount. */
function compileCgroup(b: Builder, mount: Mount, options: MountOptions, host: string, into: Register): void {
  compileNew(b, mount, "cgroup2", options, into, () => compileCgroupClone(b, options, host, into));
}

/**
 * In the host's cgroup namespace: a new mount would set the flags of the hierarchy anew for the whole host (nsdelegate,
 * memory_recursiveprot), and wait for all processors while it does.
 */
function compileCgroupClone(b: Builder, options: MountOptions, host: string, into: Register): void {
  cloneTree(b, AT_FDCWD, host, 0, into);
  b.call("mount_setattr", [into, "", AT_EMPTY_PATH, mountAttributes(options.set, 0), 32]);
}

/** A tmpfs that is not told otherwise is as open as the directory that it covers. */
function copyMode(b: Builder, directory: Register, mount: Register): void {
  b.scratch("mode", (mode) => {
    b.call("newfstatat", [directory, "", STAT_BUFFER, AT_EMPTY_PATH]);
    b.peek(mode, field(STAT_BUFFER, STAT.mode), 4, 0o7777);
    b.call("fchmodat", [mount, ".", mode]);
  });
}

/** An image whose /proc, /sys or /dev is a link would decide where the kernel's own files appear. */
function mustBeOrdinary(type: string, destination: ContainerPath): boolean {
  return type === "proc" || type === "sysfs" || destination === "/dev";
}

function configure(b: Builder, context: Register, mount: Mount, options: MountOptions): void {
  if (mount.source !== undefined && mount.source !== "") {
    b.call("fsconfig", [context, FSCONFIG_SET_STRING, "source", mount.source]);
  }
  configureSuperblock(b, context, options);
}

function compileBind(b: Builder, root: Register, mount: Mount, source: BindSource, index: number): void {
  const options = parseMountOptions(mount.options ?? []);
  const destination = containerPath(mount.destination);
  b.scratch("mount", (tree) => {
    if (source.inherited) b.set(tree, inherited(sourceName(index)));
    else cloneTree(b, AT_FDCWD, source.path, options.bind === "rbind" ? AT_RECURSIVE : 0, tree);
    // The attributes of a tree that came from the parent can be changed only where it is attached to ours.
    if (!source.inherited) setAttributes(b, tree, options);
    b.scratch("target", (target) => {
      if (source.isDirectory) openOrMakeDirectory(b, root, destination, target);
      else openOrMakeFile(b, root, destination, target);
      attach(b, tree, target, options, () => {
        if (source.inherited) setAttributes(b, tree, options);
      });
    });
  });
}
