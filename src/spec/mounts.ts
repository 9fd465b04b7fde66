// config.md#mounts: where and what. What the options mean belongs to rootfs; here they are strings, of which only
// those that say "bind" and "idmapped" matter.

import type { ErrorRecord } from "../error.ts";
import {
  arrayOf,
  BETWEEN,
  type Check,
  interned,
  isObject,
  nameOfTexts,
  nonEmptyText,
  object,
  optionalText,
  reject,
  texts,
} from "./check.ts";
import { quote } from "./found.ts";
import { idMappings } from "./id_mappings.ts";
import type { Json } from "./json.ts";
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
export function isBind({ options = [] }: Mount): boolean {
  return options.includes("bind") || options.includes("rbind");
}

/** Whether it asks for an id map, which the mount or else the container's user namespace has to give. */
export function isIdmapped({ options = [], uidMappings }: Mount): boolean {
  if (uidMappings !== undefined && uidMappings.length > 0) return true;
  return options.includes("idmap") || options.includes("ridmap");
}

function rejectDestination(mount: Mount, pointer: string): void {
  const fault = destinationFault(mount);
  if (fault === undefined) return;
  const { before = "", after, ...more } = fault;
  reject(`${pointer}/destination`, `${before}${quote(mount.destination)} ${after}`, more);
}

interface DestinationFault extends Pick<ErrorRecord, "hint"> {
  readonly before?: string;
  readonly after: string;
}

function destinationFault(mount: Mount): DestinationFault | undefined {
  const path = cleanInRoot(mount.destination);
  if (path === undefined) return { before: "mountpoint ", after: "climbs above the root of the container" };
  if (path === "/") {
    const hint = "use root.path for the root filesystem";
    return { before: "mountpoint ", after: "is on the top of rootfs", hint };
  }
  if (path === "/proc" && mount.type !== "proc" && !isBind(mount)) {
    return { after: "cannot be mounted because it is not of type proc" };
  }
  if (path.startsWith("/proc/") && !COVERABLE_PROC_FILES.includes(path)) {
    return { after: "cannot be mounted because it is inside /proc" };
  }
  return undefined;
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

/** Of one that has no more than strings in the four fields of most. */
function nameOfMount(value: Json | undefined): string | undefined {
  if (!isObject(value)) return undefined;
  const { destination, type, source, options = [], uidMappings, gidMappings } = value;
  const list = nameOfTexts(options);
  const isPlain = typeof destination === "string" && typeof type === "string" && typeof source === "string";
  if (!isPlain || list === undefined || uidMappings !== undefined || gidMappings !== undefined)
    return undefined;
  return `${destination}${BETWEEN}${type}${BETWEEN}${source}${BETWEEN}${list}`;
}

/** Most mounts are those that the engines add to every container. */
export const INTERNED_MOUNT = interned(
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
  nameOfMount,
);

export const mounts: Check<readonly Mount[]> = arrayOf(INTERNED_MOUNT.check);
