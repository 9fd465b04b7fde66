// `maskedPaths`, `readonlyPaths` and `root.readonly`: what makes parts of the container unreadable or unwritable.
// A mask that cannot be applied to something that exists is an error; only what is missing is skipped.

import {
  AT_EMPTY_PATH,
  AT_RECURSIVE,
  FSCONFIG_CMD_CREATE,
  FSCONFIG_SET_FLAG,
  FSCONFIG_SET_STRING,
  FSMOUNT_CLOEXEC,
  FSOPEN_CLOEXEC,
  MOUNT_ATTR_RDONLY,
  MOVE_MOUNT_F_EMPTY_PATH,
  MOVE_MOUNT_T_EMPTY_PATH,
  O_NOFOLLOW,
  S_IFCHR,
  S_IFDIR,
  S_IFMT,
} from "../abi/constants.ts";
import { ENODEV, ENOENT, ENOTDIR } from "../abi/errno.ts";
import { deviceNumber, STAT } from "../abi/structs.ts";
import { STAT_BUFFER } from "../program/buffers.ts";
import { type Builder, branch, field, type PartInputs } from "../program/builder.ts";
import type { Register } from "../program/instruction.ts";
import type { LateReadonly } from "./mounts.ts";
import { containerPath } from "./path.ts";
import { openInRoot } from "./resolve.ts";
import { mountAttributes } from "./structures.ts";
import { attach, cloneTree } from "./tree.ts";

const NULL_DEVICE = deviceNumber(1, 3);
const READ_ONLY = mountAttributes(MOUNT_ATTR_RDONLY, 0);

/**
 * Files get the container's /dev/null over them, directories an empty read-only tmpfs, one for all of them: each
 * superblock costs the kernel, at start and at exit. Before Linux 6.15 only what is attached can be cloned: the first
 * directory gets it itself, the others copies.
 */
export function compileMaskedPaths(b: Builder, root: Register, paths: readonly string[], label = ""): void {
  b.from("/linux/maskedPaths");
  if (paths.length > 0) b.part("masked", { subject: paths, detail: label, registers: [root] }, compileMasks);
}

type PathInputs = PartInputs<readonly string[]>;

function compileMasks(b: Builder, { subject: paths, detail: label, registers }: PathInputs): void {
  const [root] = registers as [Register];
  b.scratch("null", (nullFile) => {
    b.scratch("empty", (empty) => {
      b.scratch("attached", (attached) => {
        openNull(b, root, nullFile);
        makeEmptyDirectory(b, label, empty);
        b.set(attached, 0);
        const used = [root, nullFile, empty, attached];
        paths.forEach((path, index) => {
          b.from(`/${index}`);
          b.part("mask", { subject: null, detail: path, registers: used }, compileMask);
        });
      });
      b.from("");
      b.call("close", [empty]);
      b.call("close", [nullFile]);
    });
  });
}

/** `into` = the container's null device, for cloning. */
function openNull(b: Builder, root: Register, into: Register): void {
  openInRoot(b, root, containerPath("/dev/null"), into, { flags: O_NOFOLLOW, noSymlinks: true });
  verifyNull(b, into);
}

/** By its inode, since an image or another container may have put anything in its place (CVE-2025-31133). */
export function verifyNull(b: Builder, file: Register): void {
  const good = b.label();
  const bad = b.label();
  b.call("newfstatat", [file, "", STAT_BUFFER, AT_EMPTY_PATH]);
  b.scratch("found", (found) => {
    b.peek(found, field(STAT_BUFFER, STAT.mode), 4, S_IFMT);
    b.jumpIf(found, "!=", S_IFCHR, bad);
    b.peek(found, field(STAT_BUFFER, STAT.rdev), 8);
    b.jumpIf(found, "==", NULL_DEVICE, good);
  });
  b.place(bad);
  b.fail(ENODEV, "/dev/null of the container is not the null device");
  b.place(good);
}

function makeEmptyDirectory(b: Builder, label: string, into: Register): void {
  b.scratch("context", (context) => {
    b.call("fsopen", ["tmpfs", FSOPEN_CLOEXEC], { into: context });
    b.call("fsconfig", [context, FSCONFIG_SET_STRING, "source", "tmpfs"]);
    b.call("fsconfig", [context, FSCONFIG_SET_FLAG, "ro"]);
    if (label !== "") b.call("fsconfig", [context, FSCONFIG_SET_STRING, "context", label]);
    b.call("fsconfig", [context, FSCONFIG_CMD_CREATE]);
    b.call("fsmount", [context, FSMOUNT_CLOEXEC, MOUNT_ATTR_RDONLY], { into });
    b.call("close", [context]);
  });
}

function compileMask(b: Builder, { detail: path, registers }: PartInputs): void {
  const [root, nullFile, empty, attached] = registers as [Register, Register, Register, Register];
  const isFile = b.label();
  const isCopy = b.label();
  const isCloned = b.label();
  const done = b.label();
  const missing = [branch(ENOENT, done), branch(ENOTDIR, done)];
  b.scratch("target", (target) => {
    openInRoot(b, root, containerPath(path), target, { on: missing });
    b.call("newfstatat", [target, "", STAT_BUFFER, AT_EMPTY_PATH]);
    b.scratch("mask", (mask) => {
      b.peek(mask, field(STAT_BUFFER, STAT.mode), 4, S_IFMT);
      b.jumpIf(mask, "!=", S_IFDIR, isFile);
      b.jumpIf(attached, "!=", 0, isCopy);
      b.call("move_mount", [empty, "", target, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH]);
      b.set(attached, 1);
      b.call("close", [target]);
      b.jump(done);
      b.place(isCopy);
      cloneTree(b, empty, "", AT_EMPTY_PATH, mask);
      b.jump(isCloned);
      b.place(isFile);
      cloneTree(b, nullFile, "", AT_EMPTY_PATH, mask);
      b.place(isCloned);
      attach(b, mask, target);
    });
  });
  b.place(done);
}

export function compileReadonlyPaths(b: Builder, root: Register, paths: readonly string[]): void {
  b.from("/linux/readonlyPaths");
  if (paths.length > 0)
    b.part("readonly", { subject: paths, detail: "", registers: [root] }, compileReadonly);
}

function compileReadonly(b: Builder, { subject: paths, registers }: PathInputs): void {
  const [root] = registers as [Register];
  paths.forEach((path, index) => {
    b.from(`/${index}`);
    const done = b.label();
    const on = [branch(ENOENT, done), branch(ENOTDIR, done)];
    b.scratch("target", (target) => {
      openInRoot(b, root, containerPath(path), target, { on });
      b.scratch("tree", (tree) => {
        cloneTree(b, target, "", AT_EMPTY_PATH | AT_RECURSIVE, tree);
        b.call("mount_setattr", [tree, "", AT_EMPTY_PATH, READ_ONLY, 32]);
        attach(b, tree, target);
      });
    });
    b.place(done);
  });
}

/** tmpfs mounts that had to be writable until everything below them was made. */
export function compileLateReadonly(b: Builder, root: Register, mounts: readonly LateReadonly[]): void {
  for (const { destination, pointer } of mounts) {
    b.from(pointer);
    b.scratch("target", (target) => {
      openInRoot(b, root, destination, target);
      b.call("mount_setattr", [target, "", AT_EMPTY_PATH, READ_ONLY, 32]);
      b.call("close", [target]);
    });
  }
}

export function compileReadonlyRoot(b: Builder, root: Register): void {
  b.from("/root/readonly");
  b.call("mount_setattr", [root, "", AT_EMPTY_PATH, READ_ONLY, 32]);
}
