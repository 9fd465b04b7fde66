// The one thing that only mount(2) can say: MS_I_VERSION, a flag of the superblock that fsconfig(2) has no name for.
// That call takes a path: we give it ".", with the working directory on the descriptor of the target.

import {
  MOUNT_ATTR_NOATIME,
  MOUNT_ATTR_NODEV,
  MOUNT_ATTR_NODIRATIME,
  MOUNT_ATTR_NOEXEC,
  MOUNT_ATTR_NOSUID,
  MOUNT_ATTR_NOSYMFOLLOW,
  MOUNT_ATTR_RDONLY,
  MOUNT_ATTR_STRICTATIME,
  MS_DIRSYNC,
  MS_I_VERSION,
  MS_LAZYTIME,
  MS_MANDLOCK,
  MS_NOATIME,
  MS_NODEV,
  MS_NODIRATIME,
  MS_NOEXEC,
  MS_NOSUID,
  MS_NOSYMFOLLOW,
  MS_RDONLY,
  MS_STRICTATIME,
  MS_SYNCHRONOUS,
} from "../abi/constants.ts";
import type { Builder } from "../program/builder.ts";
import type { Register } from "../program/instruction.ts";
import type { Mount } from "../spec/types.ts";
import type { MountOptions } from "./mount_options.ts";
import type { ContainerPath } from "./path.ts";
import { openInRoot, openOrMakeDirectory } from "./resolve.ts";
import { setPropagation } from "./tree.ts";

const ATTRIBUTE_FLAGS: readonly (readonly [number, number])[] = [
  [MOUNT_ATTR_RDONLY, MS_RDONLY],
  [MOUNT_ATTR_NOSUID, MS_NOSUID],
  [MOUNT_ATTR_NODEV, MS_NODEV],
  [MOUNT_ATTR_NOEXEC, MS_NOEXEC],
  [MOUNT_ATTR_NOATIME, MS_NOATIME],
  [MOUNT_ATTR_STRICTATIME, MS_STRICTATIME],
  [MOUNT_ATTR_NODIRATIME, MS_NODIRATIME],
  [MOUNT_ATTR_NOSYMFOLLOW, MS_NOSYMFOLLOW],
];

const sets = (set: number) => ({ set, clear: 0 });
const clears = (clear: number) => ({ set: 0, clear });

const SUPERBLOCK_FLAGS: Readonly<Record<string, { readonly set: number; readonly clear: number }>> = {
  sync: sets(MS_SYNCHRONOUS),
  async: clears(MS_SYNCHRONOUS),
  dirsync: sets(MS_DIRSYNC),
  lazytime: sets(MS_LAZYTIME),
  nolazytime: clears(MS_LAZYTIME),
  mand: sets(MS_MANDLOCK),
  nomand: clears(MS_MANDLOCK),
};

export function compileLegacyMount(
  b: Builder,
  root: Register,
  mount: Mount,
  destination: ContainerPath,
  options: MountOptions,
): void {
  const mountData = options.data.length > 0 ? options.data.join(",") : null;
  b.scratch("target", (target) => {
    openOrMakeDirectory(b, root, destination, target);
    b.call("fchdir", [target]);
    b.call("mount", [mount.source ?? null, ".", mount.type ?? null, legacyFlags(options), mountData]);
    b.call("close", [target]);
    if (options.propagation.length === 0) return;
    openInRoot(b, root, destination, target);
    setPropagation(b, target, options);
    b.call("close", [target]);
  });
}

function legacyFlags(options: MountOptions): number {
  let flags = MS_I_VERSION;
  const attributes = options.set | options.recursiveSet;
  for (const [attribute, flag] of ATTRIBUTE_FLAGS) if (attributes & attribute) flags |= flag;
  for (const name of options.superblock) {
    const change = SUPERBLOCK_FLAGS[name];
    if (change !== undefined) flags = (flags & ~change.clear) | change.set;
  }
  return flags;
}
