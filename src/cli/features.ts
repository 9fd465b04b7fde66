// features.md: what this runtime does today, whatever the kernel can. An engine writes into config.json what it
// finds here, so what is not done yet is not here, or false.

import { mountOptionNames } from "../rootfs/mount_options.ts";
import { CAPABILITIES } from "../spec/capabilities.ts";
import { NAMESPACE_TYPES } from "../spec/values.ts";
import { COMMIT, SPEC_VERSION, VERSION } from "./version.ts";

/** In the table of mount options, since config.json may hold them, but refused: container/unsupported.ts. */
const REFUSED_MOUNT_OPTIONS: readonly string[] = ["idmap", "ridmap", "tmpcopyup"];

const DISABLED = { enabled: false } as const;

/** The fields in the order of Go's structs. */
export function featuresDocument() {
  return {
    ociVersionMin: "1.0.0",
    ociVersionMax: SPEC_VERSION,
    hooks: [],
    mountOptions: mountOptionNames().filter((name) => !REFUSED_MOUNT_OPTIONS.includes(name)),
    linux: {
      namespaces: NAMESPACE_TYPES.toSorted(),
      capabilities: [...CAPABILITIES.keys()],
      cgroup: { v1: false, v2: true, systemd: true, systemdUser: true, rdma: true },
      seccomp: DISABLED,
      apparmor: DISABLED,
      selinux: DISABLED,
      intelRdt: DISABLED,
      mountExtensions: { idmap: DISABLED },
      netDevices: DISABLED,
    },
    annotations: { "runt.version": VERSION, ...(COMMIT !== "" && { "runt.commit": COMMIT }) },
    // None is looked at.
    potentiallyUnsafeConfigAnnotations: [],
  };
}

export function formatFeatures(): string {
  return `${JSON.stringify(featuresDocument(), undefined, 4)}\n`;
}
