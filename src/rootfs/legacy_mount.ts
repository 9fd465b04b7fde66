// The two things that only mount(2) can say: MS_REMOUNT of an existing mount, and superblock flags that fsconfig has
// no name for. It still takes a path: we give it ".", with the working directory on the descriptor of the target.

import {
  MOUNT_ATTR_NOATIME,
  MOUNT_ATTR_NODEV,
  MOUNT_ATTR_NODIRATIME,
  MOUNT_ATTR_NOEXEC,
  MOUNT_ATTR_NOSUID,
  MOUNT_ATTR_NOSYMFOLLOW,
  MOUNT_ATTR_RDONLY,
  MOUNT_ATTR_STRICTATIME,
  MS_BIND,
  MS_DIRSYNC,
  MS_LAZYTIME,
  MS_MANDLOCK,
  MS_NOATIME,
  MS_NODEV,
  MS_NODIRATIME,
  MS_NOEXEC,
  MS_NOSUID,
  MS_NOSYMFOLLOW,
  MS_RDONLY,
  MS_REMOUNT,
  MS_STRICTATIME,
  MS_SYNCHRONOUS,
  O_DIRECTORY,
} from "../abi/constants.ts";
import type { Builder } from "../program/builder.ts";
import type { Register } from "../program/instruction.ts";
import type { Mount } from "../spec/types.ts";
import type { MountOptions } from "./mount_options.ts";
import type { ContainerPath } from "./path.ts";
import { openInRoot, openOrMakeDirectory } from "./resolve.ts";

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

const SUPERBLOCK_FLAGS: Readonly<Record<string, number>> = {
  sync: MS_SYNCHRONOUS,
  dirsync: MS_DIRSYNC,
  lazytime: MS_LAZYTIME,
  mand: MS_MANDLOCK,
};

export function compileLegacyMount(
  b: Builder,
  root: Register,
  mount: Mount,
  destination: ContainerPath,
  options: MountOptions,
): void {
  const flags = legacyFlags(options);
  const type = mount.type === undefined || mount.type === "" ? null : mount.type;
  const mountData = options.data.length > 0 ? options.data.join(",") : null;
  b.scratch("target", (target) => {
    if (options.remount) openInRoot(b, root, destination, target, { flags: O_DIRECTORY });
    else openOrMakeDirectory(b, root, destination, target, type === "proc" || type === "sysfs");
    b.call("fchdir", [target]);
    b.call("mount", [mount.source ?? null, ".", type, flags, mountData]);
    b.call("close", [target]);
  });
}

function legacyFlags(options: MountOptions): number {
  let flags = options.legacy;
  if (options.remount) flags |= MS_REMOUNT;
  if (options.bind !== undefined) flags |= MS_BIND;
  for (const [attribute, flag] of ATTRIBUTE_FLAGS) if (options.set & attribute) flags |= flag;
  for (const name of options.superblock) flags |= SUPERBLOCK_FLAGS[name] ?? 0;
  return flags;
}
