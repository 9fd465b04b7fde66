// config-linux.md: the `linux` object, field by field. Rules that span several fields are in namespaces.ts and
// sysctl.ts, and run over the whole spec.

import {
  absolutePath,
  arrayOf,
  type Check,
  interned,
  mismatch,
  nameOfTexts,
  object,
  oneOf,
  optionalText,
  unlessEmpty,
} from "./check.ts";
import { devices } from "./devices.ts";
import { idMappings } from "./id_mappings.ts";
import { namespaces, timeOffsets } from "./namespaces.ts";
import { netDevices } from "./net_devices.ts";
import { intelRdt, memoryPolicy } from "./numa.ts";
import { resources } from "./resources.ts";
import { seccomp } from "./seccomp.ts";
import { sysctl } from "./sysctl.ts";
import type { Linux, LinuxPersonality } from "./types.ts";
import { PERSONALITY_DOMAINS, ROOTFS_PROPAGATIONS } from "./values.ts";

/** Lists of masked and of read-only paths are the same in most containers of an engine. */
export const INTERNED_PATHS = interned(arrayOf(absolutePath), nameOfTexts);

/** config-linux.md#personality: currently no flag values are supported. */
const noFlags: Check<undefined> = (value, parent, key) => {
  if (!Array.isArray(value) || value.length > 0) mismatch(value, "no flags: none are defined", parent, key);
  return undefined;
};

const personality: Check<LinuxPersonality> = object(
  { domain: oneOf(PERSONALITY_DOMAINS) },
  { flags: noFlags },
);

export const linux: Check<Linux> = object(
  {},
  {
    uidMappings: idMappings,
    gidMappings: idMappings,
    sysctl,
    resources,
    cgroupsPath: optionalText,
    namespaces,
    devices,
    netDevices,
    seccomp,
    rootfsPropagation: unlessEmpty(oneOf(ROOTFS_PROPAGATIONS)),
    maskedPaths: INTERNED_PATHS.check,
    readonlyPaths: INTERNED_PATHS.check,
    mountLabel: optionalText,
    intelRdt,
    memoryPolicy,
    personality,
    timeOffsets,
  },
);
