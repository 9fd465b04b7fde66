// The root itself: a detached copy of root.path, attached over "/" of the container's mount namespace, and made the
// root in the end. The path of the bundle is resolved once, by the first instruction here. Only for hooks, which look
// for the root at its path, it is attached there as long as they run.

import {
  AT_EMPTY_PATH,
  AT_FDCWD,
  AT_RECURSIVE,
  MNT_DETACH,
  MOVE_MOUNT_F_EMPTY_PATH,
  MOVE_MOUNT_T_EMPTY_PATH,
  MS_PRIVATE,
  MS_SHARED,
  MS_SLAVE,
  MS_UNBINDABLE,
  O_CLOEXEC,
  O_DIRECTORY,
  O_PATH,
} from "../abi/constants.ts";
import { EINVAL, ENOENT } from "../abi/errno.ts";
import { type Builder, branch, inherited, type PartInputs } from "../program/builder.ts";
import type { Register } from "../program/instruction.ts";
import { mountAttributes } from "./structures.ts";
import { cloneTree } from "./tree.ts";

export interface RootFacts {
  /** Absolute path of the root filesystem on the host. */
  readonly path: string;
  /** The stage inherits a detached copy, since it could not reach the path in its user namespace. */
  readonly inherited: boolean;
  /** Where the mount begins that the path is on. Set if hooks of `create` shall find the root, and mount below it, at its path. */
  readonly hostMount?: string | undefined;
}

/** Name of the inherited copy of the root filesystem. */
export const ROOTFS = "rootfs";

const PROPAGATION: Readonly<Record<string, number>> = {
  shared: MS_SHARED,
  slave: MS_SLAVE,
  private: MS_PRIVATE,
  unbindable: MS_UNBINDABLE,
};

function setPropagation(b: Builder, path: string, flag: number, recursive: number): void {
  b.call("mount_setattr", [AT_FDCWD, path, recursive, mountAttributes(0, 0, flag), 32]);
}

/** `into` = the root filesystem, attached where pivot_root will find it. */
export function compileRoot(
  b: Builder,
  propagation: string | undefined,
  facts: RootFacts,
  into: Register,
): void {
  const flag = propagationFlag(propagation) ?? MS_SLAVE;
  b.from(propagation === undefined ? "" : "/linux/rootfsPropagation");
  setPropagation(b, "/", flag === MS_UNBINDABLE ? MS_PRIVATE : flag, AT_RECURSIVE);
  // A mount that is attached to a shared parent appears on the host as well.
  if (flag === MS_SHARED) setPropagation(b, "/", MS_PRIVATE, 0);
  b.from("/root/path");
  if (facts.inherited) b.set(into, inherited(ROOTFS));
  else cloneTree(b, AT_FDCWD, facts.path, AT_RECURSIVE, into);
  // The copy is made by the parent as a slave; pivot_root(2) refuses a root that is shared.
  if (facts.inherited && flag !== MS_SLAVE && flag !== MS_SHARED) setTreePropagation(b, into, AT_RECURSIVE);
  if (flag === MS_SHARED) setTreePropagation(b, into, 0);
  if (facts.hostMount !== undefined) attachAtPath(b, facts.path, facts.hostMount, into);
  else compileAttach(b, into);
}

/**
 * Without a mount namespace the host has what is mounted for the container. It is all below one mount, a copy of the
 * root over its own path, so that it goes away as a whole.
 */
export function compileRootOnHost(b: Builder, path: string, hasMounts: boolean, into: Register): void {
  b.from("/root/path");
  const place = [AT_FDCWD, path, O_PATH | O_DIRECTORY | O_CLOEXEC] as const;
  if (!hasMounts) {
    b.call("openat", [...place], { into });
    return;
  }
  b.scratch("place", (at) => {
    b.call("openat", [...place], { into: at });
    cloneTree(b, at, "", AT_EMPTY_PATH | AT_RECURSIVE, into);
    // A copy of a shared mount is its peer: what is mounted in one appears in the other.
    setTreePropagation(b, into, AT_RECURSIVE);
    b.call("move_mount", [into, "", at, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH]);
    b.call("close", [at]);
  });
}

/** Where an escape from a chroot ends in the root itself. */
export function compileAttach(b: Builder, root: Register): void {
  b.from("/root/path");
  b.call("move_mount", [root, "", AT_FDCWD, "/", MOVE_MOUNT_F_EMPTY_PATH]);
}

function attachAtPath(b: Builder, path: string, hostMount: string, root: Register): void {
  // For the same reason as "/"; and a mount on a shared one could not be moved away.
  setPropagation(b, hostMount, MS_PRIVATE, 0);
  b.scratch("place", (place) => {
    b.call("openat", [AT_FDCWD, path, O_PATH | O_DIRECTORY | O_CLOEXEC], { into: place });
    b.call("move_mount", [root, "", place, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH]);
    b.call("close", [place]);
  });
}

function setTreePropagation(b: Builder, tree: Register, recursive: number): void {
  const attributes = mountAttributes(0, 0, MS_PRIVATE);
  b.call("mount_setattr", [tree, "", AT_EMPTY_PATH | recursive, attributes, 32]);
}

export function propagationFlag(name: string | undefined): number | undefined {
  if (name === undefined) return undefined;
  return PROPAGATION[name] ?? PROPAGATION[name.slice(1)];
}

/**
 * The old root ends stacked on the new one, at ".", and is detached from there: no directory of the image is needed
 * to hold it. It becomes a slave first, so that the detaching does not reach the host (pivot_root(2), NOTES).
 */
export function compilePivot(b: Builder, root: Register): void {
  b.from("");
  b.part("pivot", { subject: null, detail: "", registers: [root] }, compilePivotTo);
}

function compilePivotTo(b: Builder, { registers }: PartInputs): void {
  const [root] = registers as [Register];
  b.scratch("old", (old) => {
    b.call("openat", [AT_FDCWD, "/", O_PATH | O_DIRECTORY | O_CLOEXEC], { into: old });
    b.call("fchdir", [root]);
    b.call("pivot_root", [".", "."]);
    b.call("fchdir", [old]);
    setPropagation(b, ".", MS_SLAVE, AT_RECURSIVE);
    b.call("umount2", [".", MNT_DETACH]);
    b.call("chdir", ["/"]);
    b.call("close", [old]);
  });
}

/** `--no-pivot`, for hosts that run from an initramfs, whose root cannot be pivoted away from. */
export function compileNoPivot(b: Builder, root: Register): void {
  b.from("");
  // The host's own /proc and /sys would stay reachable from the old root.
  for (const path of ["/proc", "/sys"]) {
    const noMount = b.label();
    const on = [branch(EINVAL, noMount), branch(ENOENT, noMount)];
    // Else the detaching reaches the host, where "/" is shared.
    b.call("mount_setattr", [AT_FDCWD, path, AT_RECURSIVE, mountAttributes(0, 0, MS_SLAVE), 32], { on });
    b.call("umount2", [path, MNT_DETACH]);
    b.place(noMount);
  }
  compileChroot(b, root);
}

export function compileChroot(b: Builder, root: Register): void {
  b.from("/root/path");
  b.call("fchdir", [root]);
  b.call("chroot", ["."]);
  b.call("chdir", ["/"]);
}

/** The propagation that the container itself sees on its root. */
export function compileRootPropagation(b: Builder, propagation: string | undefined): void {
  const flag = propagationFlag(propagation);
  if (flag === undefined) return;
  b.from("/linux/rootfsPropagation");
  setPropagation(b, "/", flag, propagation?.startsWith("r") ? AT_RECURSIVE : 0);
}
