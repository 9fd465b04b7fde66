// What is done with a mount that a descriptor stands for: cloned, given attributes, moved to where it belongs.

import {
  AT_EMPTY_PATH,
  AT_RECURSIVE,
  FSCONFIG_SET_FLAG,
  FSCONFIG_SET_STRING,
  MOUNT_ATTR_RDONLY,
  MOVE_MOUNT_F_EMPTY_PATH,
  MOVE_MOUNT_T_EMPTY_PATH,
  OPEN_TREE_CLOEXEC,
  OPEN_TREE_CLONE,
} from "../abi/constants.ts";
import type { Builder } from "../program/builder.ts";
import type { Register } from "../program/instruction.ts";
import { optionValue } from "./mount_label.ts";
import type { MountOptions } from "./mount_options.ts";
import { mountAttributes } from "./structures.ts";

/** What fsconfig(2) calls parameters: flags by their names, options of the filesystem as they are. */
export function configureSuperblock(b: Builder, context: Register, options: MountOptions): void {
  const string = (key: string, value: string) => {
    b.call("fsconfig", [context, FSCONFIG_SET_STRING, key, value]);
  };
  const flag = (key: string) => {
    b.call("fsconfig", [context, FSCONFIG_SET_FLAG, key]);
  };
  if (options.set & MOUNT_ATTR_RDONLY) flag("ro");
  for (const name of options.superblock) flag(name);
  for (const option of options.data) {
    const equals = option.indexOf("=");
    if (equals < 0) flag(option);
    else string(option.slice(0, equals), optionValue(option, equals));
  }
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

export function setAttributes(b: Builder, tree: Register, options: MountOptions): void {
  const set = (bits: number, clear: number, recursive: number) => {
    if (bits === 0 && clear === 0) return;
    b.call("mount_setattr", [tree, "", AT_EMPTY_PATH | recursive, mountAttributes(bits, clear), 32]);
  };
  set(options.set, options.clear, 0);
  set(options.recursiveSet, options.recursiveClear, AT_RECURSIVE);
}

export function setPropagation(b: Builder, tree: Register, options: MountOptions): void {
  for (const { flag, recursive } of options.propagation) {
    const attributes = mountAttributes(0, 0, flag);
    b.call("mount_setattr", [tree, "", AT_EMPTY_PATH | (recursive ? AT_RECURSIVE : 0), attributes, 32]);
  }
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
  if (options !== undefined) setPropagation(b, tree, options);
  b.call("close", [target]);
  b.call("close", [tree]);
}
