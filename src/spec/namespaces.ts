// config-linux.md: namespaces, and what only makes sense with one of them. The texts of these rules are runc's.

import type { ErrorRecord } from "../error.ts";
import {
  absolutePath,
  arrayOf,
  type Check,
  int,
  int64,
  join,
  object,
  oneOf,
  reject,
  unlessEmpty,
} from "./check.ts";
import { quote } from "./found.ts";
import { isIdmapped } from "./mounts.ts";
import type {
  Linux,
  LinuxNamespace,
  LinuxNamespaceType,
  LinuxTimeOffset,
  LinuxTimeOffsets,
  Spec,
} from "./types.ts";
import { NAMESPACE_TYPES } from "./values.ts";

const namespace: Check<LinuxNamespace> = object(
  { type: oneOf(NAMESPACE_TYPES) },
  { path: unlessEmpty(absolutePath) },
);

export const namespaces: Check<readonly LinuxNamespace[]> = arrayOf(namespace, (list, pointer) => {
  list.forEach(({ type }, index) => {
    if (list.findIndex((other) => other.type === type) < index) {
      reject(`${pointer}/${index}`, `duplicated ns "${type}"`);
    }
  });
});

const timeOffset: Check<LinuxTimeOffset> = object({}, { secs: int64, nanosecs: int(0, 999_999_999) });
const knownTimeOffsets: Check<LinuxTimeOffsets> = object({}, { monotonic: timeOffset, boottime: timeOffset });

/** The keys are names of clocks, so an unknown one is an invalid value and not an unknown property. */
export const timeOffsets: Check<LinuxTimeOffsets> = (value, parent, key) => {
  const checked = knownTimeOffsets(value, parent, key);
  for (const clock of Object.keys(value as object)) {
    if (clock === "monotonic" || clock === "boottime") continue;
    reject(join(parent, key), `found clock ${quote(clock)}, expected monotonic or boottime`);
  }
  return checked;
};

/** The entry for a type: without `path` the namespace is new; undefined means the runtime's own namespace. */
export function findNamespace(
  linux: Linux | undefined,
  type: LinuxNamespaceType,
): LinuxNamespace | undefined {
  return linux?.namespaces?.find((entry) => entry.type === type);
}

/** Throws if a field of the spec needs a namespace that the container does not have. */
export function rejectMissingNamespaces(spec: Spec): void {
  const { linux } = spec;
  if (!findNamespace(linux, "uts")) {
    if (spec.hostname !== undefined)
      reject("/hostname", "unable to set hostname without a private UTS namespace");
    if (spec.domainname !== undefined) {
      reject("/domainname", "unable to set domainname without a private UTS namespace");
    }
  }
  if (!findNamespace(linux, "mount")) {
    // Nobody but the host's root may mount in the host's namespace.
    if (spec.mounts?.length && findNamespace(linux, "user"))
      reject("/mounts", "unable to mount without a private MNT namespace");
    if (spec.root.readonly) reject("/root/readonly", "unable to remount without a private MNT namespace");
    if (spec.process?.terminal) {
      reject("/process/terminal", "unable to mount the console without a private MNT namespace");
    }
    for (const field of ["maskedPaths", "readonlyPaths"] as const) {
      if (!linux?.[field]?.length) continue;
      reject(`/linux/${field}`, "unable to restrict sys entries without a private MNT namespace");
    }
  }
  if (!findNamespace(linux, "network") && Object.keys(linux?.netDevices ?? {}).length > 0) {
    reject("/linux/netDevices", "unable to move network devices without a private NET namespace");
  }
  rejectTimeOffsets(linux);
  rejectUserMappings(linux);
  rejectIdmapsWithoutMap(spec);
}

/** time_namespaces(7): the offsets are writable until the first process enters, so only in a new namespace. */
function rejectTimeOffsets(linux: Linux | undefined): void {
  if (linux?.timeOffsets === undefined || Object.keys(linux.timeOffsets).length === 0) return;
  const time = findNamespace(linux, "time");
  if (time === undefined) {
    const what = "time namespace offsets specified, but time namespace isn't enabled in the config";
    reject("/linux/timeOffsets", what);
  }
  if (time.path !== undefined) {
    const what = "time namespace enabled, but both namespace path and time offsets specified";
    reject("/linux/timeOffsets", what, { hint: "you may only provide one" });
  }
}

function rejectUserMappings(linux: Linux | undefined): void {
  const user = findNamespace(linux, "user");
  for (const field of ["uidMappings", "gidMappings"] as const) {
    const given = (linux?.[field]?.length ?? 0) > 0;
    if (given && user === undefined) {
      const what = "user namespace mappings specified, but user namespace isn't enabled in the config";
      reject(`/linux/${field}`, what, { hint: 'add {"type": "user"} to linux.namespaces' });
    }
    if (!given && user !== undefined && user.path === undefined) {
      reject(`/linux/${field}`, `user namespaces enabled, but no ${field.slice(0, 3)} mappings found`);
    }
  }
}

/** config.md#linux-mount-options: `idmap` without mappings takes the container's, and MUST fail without those. */
function rejectIdmapsWithoutMap({ mounts, linux }: Spec): void {
  if (findNamespace(linux, "user")) return;
  mounts?.forEach((mount, index) => {
    if (!isIdmapped(mount) || mount.uidMappings?.length) return;
    const what = "idmap mount without mappings, and the container has no user namespace to take them from";
    reject(`/mounts/${index}/options`, what);
  });
}

/**
 * A user namespace to join together with mappings: containerd, CRI-O and Podman write both. It is right only if
 * the mappings are those of the namespace, which whoever opens it has to compare.
 */
export function namespaceWarnings(linux: Linux | undefined): ErrorRecord[] {
  const path = findNamespace(linux, "user")?.path;
  if (path === undefined || !(linux?.uidMappings?.length || linux?.gidMappings?.length)) return [];
  const what = "both a user namespace path and mappings specified; they must match";
  return [{ pointer: "/linux/uidMappings", what, hint: "you may only provide one" }];
}
