// Where a container's mounts go, in a root filesystem in which they may be missing: that of another host, or a fresh
// one. What the image has there decides by links of its own, inside its root.

import {
  O_CREAT,
  O_DIRECTORY,
  O_EXCL,
  O_NOFOLLOW,
  O_PATH,
  O_WRONLY,
  RESOLVE_IN_ROOT,
} from "../abi/constants.ts";
import { EEXIST, ENOENT } from "../abi/errno.ts";
import { openHow } from "../abi/structs.ts";
import { attempt, type Context, type Fd, failure } from "../kernel/call.ts";
import { close, makeDirectory, open, using } from "../kernel/file.ts";
import { parseMountOptions } from "../rootfs/mount_options.ts";
import { type ContainerPath, components, containerPath, relative } from "../rootfs/path.ts";
import type { Spec } from "../spec/types.ts";
import type { Sources } from "./facts.ts";

/** CRIU mounts over what is there, and makes nothing. */
export function makeMountPoints({ mounts = [] }: Spec, { root, mounts: { sources } }: Sources): void {
  const made: ContainerPath[] = [];
  using(open(root.path, O_PATH | O_DIRECTORY), (rootfs) => {
    mounts.forEach(({ destination, options = [] }, index) => {
      const path = containerPath(destination);
      if (path === "/" || parseMountOptions(options).remount) return;
      // What is in other mounts comes with them.
      if (!made.some((above) => path.startsWith(`${above}/`))) {
        const context = { what: `make the mount point ${path}`, pointer: `/mounts/${index}/destination` };
        const isFile = sources.get(index)?.isDirectory === false;
        close(isFile ? reachFile(rootfs, path, context) : reachDirectory(rootfs, path, context));
      }
      made.push(path);
    });
  });
}

function reachDirectory(rootfs: Fd, path: ContainerPath, context: Context): Fd {
  const found = tryOpen(rootfs, path);
  if (found >= 0) return found as Fd;
  if (found !== -ENOENT || path === "/") throw failure(context, -found);
  using(reachDirectory(rootfs, above(path), context), (parent) => makeDirectory(nameOf(path), 0o755, parent));
  const again = tryOpen(rootfs, path);
  if (again < 0) throw failure(context, -again);
  return again as Fd;
}

function reachFile(rootfs: Fd, path: ContainerPath, context: Context): Fd {
  const found = tryOpen(rootfs, path);
  if (found >= 0) return found as Fd;
  if (found !== -ENOENT) throw failure(context, -found);
  return using(reachDirectory(rootfs, above(path), context), (parent) => {
    const flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW;
    const fd = attempt("openat", parent, nameOf(path), flags, 0o644);
    if (fd === -EEXIST) throw failure(context, ENOENT);
    if (fd < 0) throw failure(context, -fd);
    return fd as Fd;
  });
}

function tryOpen(rootfs: Fd, path: ContainerPath): number {
  const how = openHow(O_PATH, RESOLVE_IN_ROOT);
  return attempt("openat2", rootfs, relative(path), how, how.length);
}

function above(path: ContainerPath): ContainerPath {
  return containerPath(components(path).slice(0, -1).join("/"));
}

function nameOf(path: ContainerPath): string {
  return components(path).at(-1) ?? "";
}
