// The only way from a path inside the container to a descriptor: openat2 below the root, which follows the image's
// symbolic links as the container itself would, and never out of it.

import { O_DIRECTORY, O_PATH, S_IFREG } from "../abi/constants.ts";
import { EEXIST, ENOENT } from "../abi/errno.ts";
import { type Builder, branch, tolerate } from "../program/builder.ts";
import type { Branch, Register } from "../program/instruction.ts";
import { type ContainerPath, components, containerPath, relative } from "./path.ts";
import { how } from "./structures.ts";

const UNLESS_EXISTS = { on: tolerate(EEXIST) };
const NO_OPTIONS: OpenInRoot = {};

export interface OpenInRoot {
  /** More than O_PATH|O_CLOEXEC: O_DIRECTORY, O_NOFOLLOW. */
  readonly flags?: number;
  /** No component may be a symbolic link: for /proc, /sys and /dev, which an image must not redirect. */
  readonly noSymlinks?: boolean;
  readonly on?: readonly Branch[];
}

/** `into` = O_PATH descriptor of what is at `path`. */
export function openInRoot(
  b: Builder,
  root: Register,
  path: ContainerPath,
  into: Register,
  options: OpenInRoot = NO_OPTIONS,
): void {
  const { flags = 0, noSymlinks = false, on } = options;
  b.call("openat2", [root, relative(path), how(O_PATH | flags, noSymlinks), 24], { into, on });
}

/** `into` = the directory at `path`, made with its parents where it is missing. */
export function openOrMakeDirectory(
  b: Builder,
  root: Register,
  path: ContainerPath,
  into: Register,
  noSymlinks = false,
  whereItExists: () => void = () => {},
): void {
  const options = { flags: O_DIRECTORY, noSymlinks };
  const make = () => makeDirectories(b, root, components(path));
  openOrMake(b, root, path, into, options, make, whereItExists);
}

/** `into` = the file at `path`, made empty, with its parent directories, where it is missing. */
export function openOrMakeFile(b: Builder, root: Register, path: ContainerPath, into: Register): void {
  const parts = components(path);
  const name = parts[parts.length - 1] ?? ".";
  openOrMake(b, root, path, into, {}, () => {
    makeDirectories(b, root, parts.slice(0, -1));
    withDirectory(b, root, parts.slice(0, -1), (parent) => {
      b.call("mknodat", [parent, name, S_IFREG | 0o755], UNLESS_EXISTS);
    });
  });
}

function openOrMake(
  b: Builder,
  root: Register,
  path: ContainerPath,
  into: Register,
  options: OpenInRoot,
  make: () => void,
  whereItExists: () => void = () => {},
): void {
  const missing = b.label();
  const done = b.label();
  openInRoot(b, root, path, into, { ...options, on: [branch(ENOENT, missing)] });
  whereItExists();
  b.jump(done);
  b.place(missing);
  make();
  openInRoot(b, root, path, into, options);
  b.place(done);
}

/**
 * One mkdirat for each component, relative to its opened parent: a link that the image puts in the way is followed
 * by openat2, inside the root, and never by mkdirat. Another container may make the same directory meanwhile.
 */
function makeDirectories(b: Builder, root: Register, parts: readonly string[]): void {
  parts.forEach((name, index) => {
    withDirectory(b, root, parts.slice(0, index), (parent) => {
      b.call("mkdirat", [parent, name, 0o755], UNLESS_EXISTS);
    });
  });
}

function withDirectory(
  b: Builder,
  root: Register,
  parts: readonly string[],
  body: (directory: Register) => void,
): void {
  if (parts.length === 0) {
    body(root);
    return;
  }
  b.scratch("parent", (parent) => {
    openInRoot(b, root, containerPath(`/${parts.join("/")}`), parent, { flags: O_DIRECTORY });
    body(parent);
    b.call("close", [parent]);
  });
}
