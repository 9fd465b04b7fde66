// features.md: what this runtime does today, whatever the kernel can. An engine writes into config.json what it
// finds here, so what is not done yet is not here, or false.

import { mountOptionNames } from "../rootfs/mount_options.ts";
import { CAPABILITIES } from "../spec/capabilities.ts";
import { HOOK_KINDS } from "../spec/hooks.ts";
import type { SeccompArch, SeccompFlag } from "../spec/types.ts";
import {
  MEMORY_POLICY_FLAGS,
  MEMORY_POLICY_MODES,
  NAMESPACE_TYPES,
  SECCOMP_ACTIONS,
  SECCOMP_ARCHITECTURES,
  SECCOMP_FLAGS,
  SECCOMP_OPERATORS,
} from "../spec/values.ts";
import { COMMIT, SPEC_VERSION, VERSION } from "./version.ts";

/** What libseccomp and the kernel know of what config.json may hold. */
export interface SeccompSupport {
  readonly isArchitecture: (name: SeccompArch) => boolean;
  readonly isFlag: (name: SeccompFlag) => boolean;
}

/** The fields in the order of Go's structs. */
export function featuresDocument({ isArchitecture, isFlag }: SeccompSupport) {
  return {
    ociVersionMin: "1.0.0",
    ociVersionMax: SPEC_VERSION,
    hooks: HOOK_KINDS,
    mountOptions: mountOptionNames(),
    linux: {
      namespaces: NAMESPACE_TYPES.toSorted(),
      capabilities: [...CAPABILITIES.keys()],
      cgroup: { v1: false, v2: true, systemd: true, systemdUser: true, rdma: true },
      seccomp: {
        enabled: true,
        actions: SECCOMP_ACTIONS.toSorted(),
        operators: SECCOMP_OPERATORS.toSorted(),
        archs: SECCOMP_ARCHITECTURES.filter(isArchitecture).toSorted(),
        knownFlags: SECCOMP_FLAGS.toSorted(),
        supportedFlags: SECCOMP_FLAGS.filter(isFlag).toSorted(),
      },
      apparmor: { enabled: true },
      selinux: { enabled: true },
      intelRdt: { enabled: true, schemata: true, monitoring: true },
      mountExtensions: { idmap: { enabled: true } },
      memoryPolicy: { modes: MEMORY_POLICY_MODES, flags: MEMORY_POLICY_FLAGS },
      netDevices: { enabled: true },
    },
    annotations: {
      "org.opencontainers.runc.checkpoint.enabled": "true",
      "runt.version": VERSION,
      ...(COMMIT !== "" && { "runt.commit": COMMIT }),
    },
    // None is looked at.
    potentiallyUnsafeConfigAnnotations: [],
  };
}

export function formatFeatures(seccomp: SeccompSupport): string {
  return `${JSON.stringify(featuresDocument(seccomp), undefined, 4)}\n`;
}
