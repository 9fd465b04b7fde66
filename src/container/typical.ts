// Containers as the engines ask for them: what they have in common is compiled while the runtime is built. A container
// that differs costs a little more, and is never another.

import { planNamespaces } from "../namespaces/plan.ts";
import { type CapabilitySet, planCapabilities } from "../process/capabilities.ts";
import type { Parts } from "../program/builder.ts";
import type { Program } from "../program/instruction.ts";
import { parseSpec } from "../spec/parse.ts";
import { MASKED_PATHS, READONLY_PATHS } from "../spec/protected_paths.ts";
import { type ContainerFacts, compileContainer } from "./compile.ts";

const OPTIONS = { barrier: true, noPivot: false, newKeyring: true, preserveFds: 0 };

/** Capabilities 0 to 40, those of Linux 5.9 and later. */
const ALL_CAPABILITIES: CapabilitySet = (1n << 41n) - 1n;

const PROTECTED = ["nosuid", "noexec", "nodev"];

/** `runc spec`, Docker, Podman and containerd, each once. */
const MOUNTS = [
  { destination: "/proc", type: "proc", source: "proc" },
  { destination: "/proc", type: "proc", source: "proc", options: PROTECTED },
  ...[
    ["nosuid", "strictatime", "mode=755", "size=65536k"],
    ["nosuid", "noexec", "strictatime", "mode=755", "size=65536k"],
  ].map((options) => ({ destination: "/dev", type: "tmpfs", source: "tmpfs", options })),
  {
    destination: "/dev/pts",
    type: "devpts",
    source: "devpts",
    options: ["nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5"],
  },
  ...["size=65536k", "size=67108864"].map((size) => ({
    destination: "/dev/shm",
    type: "tmpfs",
    source: "shm",
    options: [...PROTECTED, "mode=1777", size],
  })),
  { destination: "/dev/mqueue", type: "mqueue", source: "mqueue", options: PROTECTED },
  { destination: "/sys", type: "sysfs", source: "sysfs", options: [...PROTECTED, "ro"] },
  ...[
    [...PROTECTED, "relatime", "ro"],
    ["ro", ...PROTECTED],
    ["rprivate", ...PROTECTED, "relatime", "ro"],
  ].map((options) => ({ destination: "/sys/fs/cgroup", type: "cgroup", source: "cgroup", options })),
  {
    destination: "/run",
    type: "tmpfs",
    source: "tmpfs",
    options: ["nosuid", "strictatime", "mode=755", "size=65536k"],
  },
];

/** Of `runc spec`, and of the engines. */
const MASKED = [
  MASKED_PATHS,
  [
    "/proc/acpi",
    "/proc/asound",
    "/proc/interrupts",
    "/proc/kcore",
    "/proc/keys",
    "/proc/latency_stats",
    "/proc/sched_debug",
    "/proc/scsi",
    "/proc/timer_list",
    "/proc/timer_stats",
    "/sys/devices/virtual/powercap",
    "/sys/firmware",
  ],
];

/** Of `runc spec`, of Podman, and of Docker and containerd. */
const CAPABILITIES = [
  ["AUDIT_WRITE", "KILL", "NET_BIND_SERVICE"],
  [
    "CHOWN",
    "DAC_OVERRIDE",
    "FOWNER",
    "FSETID",
    "KILL",
    "NET_BIND_SERVICE",
    "SETFCAP",
    "SETGID",
    "SETPCAP",
  ].concat("SETUID", "SYS_CHROOT"),
  ["CHOWN", "DAC_OVERRIDE", "FSETID", "FOWNER", "MKNOD", "NET_RAW", "SETGID", "SETUID", "SETFCAP"].concat(
    "SETPCAP",
    "NET_BIND_SERVICE",
    "SYS_CHROOT",
    "KILL",
    "AUDIT_WRITE",
  ),
];

const NULL_STDIO = [[], [0], [0, 1], [0, 1, 2], [1, 2], [0, 2]];

/** Not every kernel has a /proc/kcore; in a user namespace no device can be made. */
const DEVICES = [true, false].flatMap((mayMknod) =>
  [true, false].map((kcoreExists) => ({ mayMknod, kcoreExists })),
);

/** Compiles them all; what becomes of their parts is up to `parts`. */
export function compileTypical(parts: Parts): void {
  for (const maskedPaths of MASKED) {
    for (const bounding of CAPABILITIES) compileOne(parts, { maskedPaths, bounding }, {});
  }
  for (const devices of DEVICES) compileOne(parts, NEITHER, { devices });
  for (const nullStdio of NULL_STDIO) compileOne(parts, NEITHER, { nullStdio });
  compileOne(parts, NEITHER, { mounts: { ...CGROUP, cgroupNamespace: false, standIns: [] } });
}

const CGROUP = { sources: new Map(), cgroup: "/sys/fs/cgroup" };

const NEITHER: Variation = { maskedPaths: [], bounding: [] };

/** One of them. */
export function compileTypicalOne(parts: Parts): Program {
  const [maskedPaths = [], bounding = []] = [MASKED[0], CAPABILITIES[0]];
  return compileOne(parts, { maskedPaths, bounding }, { nullStdio: [0, 1] });
}

interface Variation {
  readonly maskedPaths: readonly string[];
  readonly bounding: readonly string[];
}

function compileOne(
  parts: Parts,
  { maskedPaths, bounding }: Variation,
  host: Partial<ContainerFacts>,
): Program {
  const config = {
    ociVersion: "1.3.0",
    process: {
      user: { uid: 0, gid: 0 },
      args: ["/bin/true"],
      cwd: "/",
      capabilities: { bounding: bounding.map((name) => `CAP_${name}`) },
    },
    root: { path: "rootfs" },
    mounts: MOUNTS,
    linux: {
      namespaces: ["pid", "network", "ipc", "uts", "mount", "cgroup"].map((type) => ({ type })),
      maskedPaths,
      readonlyPaths: READONLY_PATHS,
    },
  };
  const { spec } = parseSpec(JSON.stringify(config));
  if (spec.process === undefined) throw new Error("a typical container has a process");
  const capabilities = planCapabilities(spec.process.capabilities, ALL_CAPABILITIES);
  const facts: ContainerFacts = {
    id: "typical",
    namespaces: planNamespaces(spec.linux?.namespaces ?? []),
    joinedByStage: [],
    root: { path: "/", inherited: false },
    mounts: { ...CGROUP, cgroupNamespace: true, standIns: [] },
    devices: { mayMknod: true, kcoreExists: true },
    nullStdio: [],
    user: { setgroupsDenied: false, foreignStdio: [] },
    capabilities,
    bounding: ALL_CAPABILITIES,
    ignoredSignals: [],
    ...host,
  };
  return compileContainer(spec, spec.process, facts, OPTIONS, parts);
}
