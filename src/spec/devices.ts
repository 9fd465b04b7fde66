// config-linux.md: devices to create (linux.devices) and devices to allow (linux.resources.devices).

import {
  absolutePath,
  arrayOf,
  bool,
  type Check,
  int,
  join,
  mismatch,
  object,
  oneOf,
  reject,
  textThat,
  unlessEmpty,
} from "./check.ts";
import { id } from "./id_mappings.ts";
import { cleanInRoot } from "./paths.ts";
import type { LinuxDevice, LinuxDeviceCgroup } from "./types.ts";
import { DEVICE_CGROUP_TYPES, DEVICE_TYPES } from "./values.ts";

/** dev_t of the kernel is 12 + 20 bits; mknod(2) would drop the rest without a word. */
export const major = int(0, 0xfff);
export const minor = int(0, 0xfffff);

/** S_IFMT and the permission bits. */
const mode = int(0, 0o177777);

/** Docker has written `fileMode: 8630`, st_mode with S_IFCHR; runc masks it as well. */
const fileMode: Check<number> = (value, parent, key) => mode(value, parent, key) & 0o7777;

const device: Check<LinuxDevice> = object(
  { type: oneOf(DEVICE_TYPES), path: absolutePath },
  { major, minor, fileMode, uid: id, gid: id },
  (entry, pointer) => {
    const path = cleanInRoot(entry.path);
    if (path === undefined || path === "/") mismatch(entry.path, "a file in the container", pointer, "path");
    if (entry.type === "p") return;
    for (const field of ["major", "minor"] as const) {
      if (entry[field] === undefined)
        mismatch(undefined, `a ${field} number, as type is ${entry.type}`, pointer, field);
    }
  },
);

const deviceList = arrayOf(device);

/**
 * A path that occurs twice is an error if the entries differ. Repeating an entry is what
 * `docker run --device X --device X` does: the repetition is left out.
 */
export const devices: Check<readonly LinuxDevice[]> = (value, parent, key) => {
  const list = deviceList(value, parent, key);
  const firstAt = new Map<string, number>();
  const kept = list.filter((entry, index) => {
    const path = cleanInRoot(entry.path) ?? "";
    const first = firstAt.get(path);
    firstAt.set(path, first ?? index);
    if (first === undefined) return true;
    if (!sameDevice(list[first], entry)) {
      reject(join(join(parent, key), index), `its path is that of entry ${first}, which is another device`);
    }
    return false;
  });
  return kept.length === list.length ? list : kept;
};

function sameDevice(a: LinuxDevice | undefined, b: LinuxDevice): boolean {
  const fields = ["type", "major", "minor", "fileMode", "uid", "gid"] as const;
  return fields.every((field) => a?.[field] === b[field]);
}

/** -1 is how Go engines write `*`. A rule for a number that no device has is harmless. */
const numberOrAll = int(-1, 0xffffffff);

/** config-linux.md#allowed-device-list */
export const deviceRules: Check<readonly LinuxDeviceCgroup[]> = arrayOf(
  object<LinuxDeviceCgroup>(
    { allow: bool },
    {
      type: unlessEmpty(oneOf(DEVICE_CGROUP_TYPES)),
      major: numberOrAll,
      minor: numberOrAll,
      access: unlessEmpty(textThat((access) => /^[rwm]+$/.test(access), "letters of rwm")),
    },
  ),
);
