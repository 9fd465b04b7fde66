// config.md#mounts: where and what. What the options mean belongs to rootfs; here they are strings, of which only
// those that say "bind" and "idmapped" matter.

import { arrayOf, type Check, nonEmptyText, object, optionalText, reject, texts } from "./check.ts";
import { quote } from "./found.ts";
import { idMappings } from "./id_mappings.ts";
import { cleanInRoot } from "./paths.ts";
import type { Mount } from "./types.ts";

/**
 * Files of procfs that may be covered, as lxcfs does. Anything else below /proc would let a config put files that
 * security modules trust (CVE-2019-16884, CVE-2023-28642) under the control of the image.
 */
const COVERABLE_PROC_FILES: readonly string[] = [
  "/proc/cpuinfo",
  "/proc/diskstats",
  "/proc/meminfo",
  "/proc/stat",
  "/proc/swaps",
  "/proc/uptime",
  "/proc/loadavg",
  "/proc/slabinfo",
  "/proc/sys/kernel/ns_last_pid",
  "/proc/sys/crypto/fips_enabled",
];

/** config.md: a mount is a bind mount if it has either `bind` or `rbind` in the options. */
function isBind(mount: Mount): boolean {
  return mount.options?.some((option) => option === "bind" || option === "rbind") ?? false;
}

/** Whether the options ask for an id map, which the mount or else the container's user namespace has to give. */
export function isIdmapped(mount: Mount): boolean {
  return mount.options?.some((option) => option === "idmap" || option === "ridmap") ?? false;
}

function rejectDestination(mount: Mount, pointer: string): void {
  const at = `${pointer}/destination`;
  const written = quote(mount.destination);
  const path = cleanInRoot(mount.destination);
  if (path === undefined) reject(at, `mountpoint ${written} climbs above the root of the container`);
  if (path === "/") {
    reject(at, `mountpoint ${written} is on the top of rootfs`, {
      hint: "use root.path for the root filesystem",
    });
  }
  if (path === "/proc" && mount.type !== "proc" && !isBind(mount)) {
    reject(at, `${written} cannot be mounted because it is not of type proc`);
  }
  if (path.startsWith("/proc/") && !COVERABLE_PROC_FILES.includes(path)) {
    reject(at, `${written} cannot be mounted because it is inside /proc`);
  }
}

function rejectMount(mount: Mount, pointer: string): void {
  rejectDestination(mount, pointer);
  if (isBind(mount) && mount.source === undefined) {
    reject(`${pointer}/source`, "found nothing, expected the path to bind");
  }
  const { uidMappings = [], gidMappings = [] } = mount;
  if (uidMappings.length > 0 !== gidMappings.length > 0) {
    reject(pointer, "uidMappings and gidMappings must be specified together");
  }
}

export const mounts: Check<readonly Mount[]> = arrayOf(
  object<Mount>(
    { destination: nonEmptyText },
    {
      type: optionalText,
      source: optionalText,
      options: texts,
      uidMappings: idMappings,
      gidMappings: idMappings,
    },
    rejectMount,
  ),
);
