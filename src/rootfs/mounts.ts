// `mounts`: each entry becomes a detached mount, and then one move_mount onto a descriptor inside the root. Nothing
// is ever mounted by path, so a link in the image or a race with another container cannot redirect it.

import {
  AT_EMPTY_PATH,
  AT_FDCWD,
  AT_RECURSIVE,
  FSCONFIG_CMD_CREATE,
  FSCONFIG_SET_FLAG,
  FSCONFIG_SET_STRING,
  FSMOUNT_CLOEXEC,
  FSOPEN_CLOEXEC,
  MOUNT_ATTR_RDONLY,
  MOVE_MOUNT_F_EMPTY_PATH,
  MOVE_MOUNT_T_EMPTY_PATH,
  OPEN_TREE_CLOEXEC,
  OPEN_TREE_CLONE,
} from "../abi/constants.ts";
import { EBUSY, EPERM } from "../abi/errno.ts";
import { type Builder, branch, inherited } from "../program/builder.ts";
import type { Register } from "../program/instruction.ts";
import type { Mount } from "../spec/types.ts";
import { compileLegacyMount } from "./legacy_mount.ts";
import { type MountOptions, parseMountOptions } from "./mount_options.ts";
import { type ContainerPath, containerPath } from "./path.ts";
import { openOrMakeDirectory, openOrMakeFile } from "./resolve.ts";
import { mountAttributes } from "./structures.ts";

/** What the parent knows of the source of a bind mount. */
export interface BindSource {
  readonly path: string;
  readonly isDirectory: boolean;
  /** The stage inherits a detached copy, since it could not reach the path in its user namespace. */
  readonly inherited: boolean;
}

export interface MountFacts {
  /** By index of the mount; bind mounts only. */
  readonly sources: ReadonlyMap<number, BindSource>;
}

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
): readonly LateReadonly[] {
  const late: LateReadonly[] = [];
  mounts.forEach((mount, index) => {
    const pointer = `/mounts/${index}`;
    const options = parseMountOptions(mount.options ?? []);
    const destination = containerPath(mount.destination);
    b.from(pointer);
    if (options.remount || options.legacy !== 0) {
      compileLegacyMount(b, root, mount, destination, options);
    } else if (options.bind !== undefined) {
      compileBind(b, root, destination, options, facts.sources.get(index), index);
    } else {
      const isLate = mount.type === "tmpfs" && (options.set & MOUNT_ATTR_RDONLY) !== 0;
      if (isLate) late.push({ destination, pointer });
      compileFilesystem(b, root, mount, destination, isLate ? writable(options) : options);
    }
  });
  return late;
}

function writable(options: MountOptions): MountOptions {
  return { ...options, set: options.set & ~MOUNT_ATTR_RDONLY };
}

/** A directory, since no filesystem but a bind mount can have a file as its root. */
function compileFilesystem(
  b: Builder,
  root: Register,
  mount: Mount,
  destination: ContainerPath,
  options: MountOptions,
): void {
  const type = mount.type === "cgroup" ? "cgroup2" : (mount.type ?? "");
  b.scratch("mount", (fs) => {
    b.scratch("context", (context) => {
      const refused = b.label();
      const done = b.label();
      const isCgroup = type === "cgroup2";
      b.call("fsopen", [type, FSOPEN_CLOEXEC], { into: context });
      configure(b, context, mount, options);
      b.call("fsconfig", [context, FSCONFIG_CMD_CREATE], {
        on: isCgroup ? [branch(EPERM, refused), branch(EBUSY, refused)] : [],
      });
      b.call("fsmount", [context, FSMOUNT_CLOEXEC, options.set], { into: fs });
      if (isCgroup) {
        // In a user namespace without a cgroup namespace of its own the kernel refuses a new mount of cgroup2.
        b.jump(done);
        b.place(refused);
        cloneTree(b, AT_FDCWD, "/sys/fs/cgroup", AT_RECURSIVE, fs);
        b.call("mount_setattr", [fs, "", AT_EMPTY_PATH, mountAttributes(options.set, 0), 32]);
      }
      b.place(done);
      if (!isCgroup) b.place(refused);
      b.call("close", [context]);
    });
    b.scratch("target", (target) => {
      openOrMakeDirectory(b, root, destination, target, mustBeOrdinary(type, destination));
      attach(b, fs, target, options);
    });
  });
}

/** An image whose /proc, /sys or /dev is a link would decide where the kernel's own files appear. */
function mustBeOrdinary(type: string, destination: ContainerPath): boolean {
  return type === "proc" || type === "sysfs" || destination === "/dev";
}

function configure(b: Builder, context: Register, mount: Mount, options: MountOptions): void {
  const string = (key: string, value: string) => {
    b.call("fsconfig", [context, FSCONFIG_SET_STRING, key, value]);
  };
  const flag = (key: string) => {
    b.call("fsconfig", [context, FSCONFIG_SET_FLAG, key]);
  };
  if (mount.source !== undefined && mount.source !== "") string("source", mount.source);
  if (options.set & MOUNT_ATTR_RDONLY) flag("ro");
  for (const name of options.superblock) flag(name);
  for (const option of options.data) {
    const equals = option.indexOf("=");
    if (equals < 0) flag(option);
    else string(option.slice(0, equals), option.slice(equals + 1));
  }
}

function compileBind(
  b: Builder,
  root: Register,
  destination: ContainerPath,
  options: MountOptions,
  source: BindSource | undefined,
  index: number,
): void {
  if (source === undefined) throw new Error(`no facts about the source of mounts[${index}]`);
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

export function cloneTree(
  b: Builder,
  directory: number | Register,
  path: string,
  flags: number,
  into: Register,
): void {
  b.call("open_tree", [directory, path, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | flags], { into });
}

function setAttributes(b: Builder, tree: Register, options: MountOptions): void {
  const set = (bits: number, clear: number, recursive: number) => {
    if (bits === 0 && clear === 0) return;
    b.call("mount_setattr", [tree, "", AT_EMPTY_PATH | recursive, mountAttributes(bits, clear), 32]);
  };
  set(options.set, options.clear, 0);
  set(options.recursiveSet, options.recursiveClear, AT_RECURSIVE);
}

/** Moves the mount `tree` onto `target` and closes both. */
export function attach(
  b: Builder,
  tree: Register,
  target: Register,
  options?: MountOptions,
  afterwards: () => void = () => {},
): void {
  b.call("move_mount", [tree, "", target, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH]);
  afterwards();
  for (const { flag, recursive } of options?.propagation ?? []) {
    const attributes = mountAttributes(0, 0, flag);
    b.call("mount_setattr", [tree, "", AT_EMPTY_PATH | (recursive ? AT_RECURSIVE : 0), attributes, 32]);
  }
  b.call("close", [target]);
  b.call("close", [tree]);
}
