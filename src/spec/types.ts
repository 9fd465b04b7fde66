// The Linux and POSIX parts of runtime-spec 1.3 (config.md, config-linux.md), as parseSpec yields them:
// checked. Strings are byte strings. Numbers that are 64 bits wide in the spec are bigint, except where the
// kernel's own range is small (device numbers, swappiness, idle). An absent field is absent, never null, and an
// optional string that Go engines write as "" is absent as well.

import type {
  DEVICE_CGROUP_TYPES,
  DEVICE_TYPES,
  IO_PRIORITY_CLASSES,
  MEMORY_POLICY_FLAGS,
  MEMORY_POLICY_MODES,
  NAMESPACE_TYPES,
  PERSONALITY_DOMAINS,
  RLIMIT_TYPES,
  ROOTFS_PROPAGATIONS,
  SCHEDULER_FLAGS,
  SCHEDULER_POLICIES,
  SECCOMP_ACTIONS,
  SECCOMP_ARCHITECTURES,
  SECCOMP_FLAGS,
  SECCOMP_OPERATORS,
} from "./values.ts";

/** A map with keys from config.json. It has no prototype: `constructor` and `__proto__` are keys like others. */
export type StringMap<T> = { readonly [key: string]: T };

/** config.md, the whole of config.json. */
export interface Spec {
  readonly ociVersion: string;
  readonly root: Root;
  readonly mounts?: readonly Mount[];
  /** Needed only when `start` is called. */
  readonly process?: Process;
  readonly hostname?: string;
  readonly domainname?: string;
  readonly hooks?: Hooks;
  readonly annotations?: StringMap<string>;
  readonly linux?: Linux;
}

/** config.md#root */
export interface Root {
  /** Absolute, or relative to the bundle. */
  readonly path: string;
  readonly readonly?: boolean;
}

/** config.md#mounts */
export interface Mount {
  /** In the container, as written: it may be relative to `/` and hold `.` and `..`, but not above `/`. */
  readonly destination: string;
  readonly type?: string;
  /** Of a bind mount: absolute, or relative to the bundle. */
  readonly source?: string;
  readonly options?: readonly string[];
  readonly uidMappings?: readonly LinuxIDMapping[];
  readonly gidMappings?: readonly LinuxIDMapping[];
}

/** config.md#process */
export interface Process {
  readonly terminal?: boolean;
  /** Present only if `terminal` is true. */
  readonly consoleSize?: Box;
  readonly user: User;
  /** At least one entry, and that one is not empty; none stands for no process. */
  readonly args: readonly string[];
  /** NAME=value, the name not empty. Duplicates are kept. */
  readonly env?: readonly string[];
  /** Absolute path in the container. */
  readonly cwd: string;
  readonly rlimits?: readonly POSIXRlimit[];
  readonly apparmorProfile?: string;
  readonly capabilities?: LinuxCapabilities;
  readonly noNewPrivileges?: boolean;
  /** -1000 to 1000. */
  readonly oomScoreAdj?: number;
  readonly scheduler?: Scheduler;
  readonly selinuxLabel?: string;
  readonly ioPriority?: LinuxIOPriority;
  readonly execCPUAffinity?: CPUAffinity;
}

/** Console size in characters; struct winsize has 16 bits for each. */
export interface Box {
  readonly height: number;
  readonly width: number;
}

/** config.md#posix-platform-user: ids in the container's user namespace, never (uid_t)-1. */
export interface User {
  readonly uid: number;
  readonly gid: number;
  /** 0 to 0777. */
  readonly umask?: number;
  readonly additionalGids?: readonly number[];
}

export type RlimitType = (typeof RLIMIT_TYPES)[number];

/** config.md#posix-process; soft <= hard, and 2^64-1 is RLIM_INFINITY. */
export interface POSIXRlimit {
  readonly type: RlimitType;
  readonly soft: bigint;
  readonly hard: bigint;
}

/** Names as written: they may be unknown to capabilities.ts, which is a warning and not an error. */
export interface LinuxCapabilities {
  readonly bounding?: readonly string[];
  readonly effective?: readonly string[];
  readonly inheritable?: readonly string[];
  readonly permitted?: readonly string[];
  readonly ambient?: readonly string[];
}

export type LinuxSchedulerPolicy = (typeof SCHEDULER_POLICIES)[number];
export type LinuxSchedulerFlag = (typeof SCHEDULER_FLAGS)[number];

/** config.md#linux-process; sched_setattr(2). Absent numbers mean 0. */
export interface Scheduler {
  readonly policy: LinuxSchedulerPolicy;
  /** -20 to 19, not 0 only for SCHED_OTHER and SCHED_BATCH. */
  readonly nice?: number;
  /** 0 to 99, not 0 only for SCHED_FIFO and SCHED_RR. */
  readonly priority?: number;
  readonly flags?: readonly LinuxSchedulerFlag[];
  /** Nanoseconds, as deadline and period; not 0 only for SCHED_DEADLINE. */
  readonly runtime?: bigint;
  readonly deadline?: bigint;
  readonly period?: bigint;
}

export type IOPriorityClass = (typeof IO_PRIORITY_CLASSES)[number];

/** ioprio_set(2), for the process group. */
export interface LinuxIOPriority {
  readonly class: IOPriorityClass;
  /** 0 (highest) to 7. */
  readonly priority: number;
}

/** Lists of CPUs in the form of id_list.ts, for `exec` only. */
export interface CPUAffinity {
  readonly initial?: string;
  readonly final?: string;
}

/** config.md#posix-platform-hooks */
export interface Hooks {
  readonly prestart?: readonly Hook[];
  readonly createRuntime?: readonly Hook[];
  readonly createContainer?: readonly Hook[];
  readonly startContainer?: readonly Hook[];
  readonly poststart?: readonly Hook[];
  readonly poststop?: readonly Hook[];
}

export interface Hook {
  /** Absolute. */
  readonly path: string;
  /** The whole argv. */
  readonly args?: readonly string[];
  readonly env?: readonly string[];
  /** Seconds, more than 0. */
  readonly timeout?: number;
}

/** config-linux.md */
export interface Linux {
  readonly uidMappings?: readonly LinuxIDMapping[];
  readonly gidMappings?: readonly LinuxIDMapping[];
  /** Keys like `net.ipv4.ip_forward` or `net/ipv4/conf/eth0.1/forwarding`: see sysctlPath in sysctl.ts. */
  readonly sysctl?: StringMap<string>;
  readonly resources?: LinuxResources;
  readonly cgroupsPath?: string;
  /** Each type at most once. */
  readonly namespaces?: readonly LinuxNamespace[];
  readonly devices?: readonly LinuxDevice[];
  /** By name on the host. */
  readonly netDevices?: StringMap<LinuxNetDevice>;
  readonly seccomp?: LinuxSeccomp;
  readonly rootfsPropagation?: RootfsPropagation;
  readonly maskedPaths?: readonly string[];
  readonly readonlyPaths?: readonly string[];
  readonly mountLabel?: string;
  readonly intelRdt?: LinuxIntelRdt;
  readonly memoryPolicy?: LinuxMemoryPolicy;
  readonly personality?: LinuxPersonality;
  readonly timeOffsets?: LinuxTimeOffsets;
}

export type RootfsPropagation = (typeof ROOTFS_PROPAGATIONS)[number];
export type LinuxNamespaceType = (typeof NAMESPACE_TYPES)[number];

export interface LinuxNamespace {
  readonly type: LinuxNamespaceType;
  /** Absolute. Absent: create a new namespace. */
  readonly path?: string;
}

/** user_namespaces(7): size > 0, and neither range reaches 4294967295. */
export interface LinuxIDMapping {
  readonly containerID: number;
  readonly hostID: number;
  readonly size: number;
}

/** time_namespaces(7) */
export interface LinuxTimeOffsets {
  readonly monotonic?: LinuxTimeOffset;
  readonly boottime?: LinuxTimeOffset;
}

export interface LinuxTimeOffset {
  readonly secs?: bigint;
  /** 0 to 999999999. */
  readonly nanosecs?: number;
}

export type LinuxDeviceType = (typeof DEVICE_TYPES)[number];

/** config-linux.md#devices */
export interface LinuxDevice {
  readonly type: LinuxDeviceType;
  /** Absolute path in the container. */
  readonly path: string;
  /** Present unless type is `p`; the kernel keeps 12 bits. */
  readonly major?: number;
  /** Present unless type is `p`; the kernel keeps 20 bits. */
  readonly minor?: number;
  /** Permission bits only: the file type that some engines leave in it is removed. */
  readonly fileMode?: number;
  readonly uid?: number;
  readonly gid?: number;
}

/** config-linux.md#network-devices */
export interface LinuxNetDevice {
  /** A device name, or a template with one `%d`. */
  readonly name?: string;
}

/** config-linux.md#control-groups */
export interface LinuxResources {
  readonly devices?: readonly LinuxDeviceCgroup[];
  readonly memory?: LinuxMemory;
  readonly cpu?: LinuxCPU;
  readonly pids?: LinuxPids;
  readonly blockIO?: LinuxBlockIO;
  readonly hugepageLimits?: readonly LinuxHugepageLimit[];
  readonly network?: LinuxNetwork;
  /** By device name. */
  readonly rdma?: StringMap<LinuxRdma>;
  /** By file name in the cgroup, `controller.parameter`. */
  readonly unified?: StringMap<string>;
}

export interface LinuxDeviceCgroup {
  readonly allow: boolean;
  /** Absent: `a`. */
  readonly type?: (typeof DEVICE_CGROUP_TYPES)[number];
  /** Absent or -1: all. */
  readonly major?: number;
  readonly minor?: number;
  /** Letters of `rwm`. */
  readonly access?: string;
}

/** Bytes, -1 for unlimited. */
export interface LinuxMemory {
  readonly limit?: bigint;
  readonly reservation?: bigint;
  /** Memory and swap together. */
  readonly swap?: bigint;
  readonly kernel?: bigint;
  readonly kernelTCP?: bigint;
  /** 0 to 100; 2^64-1, Docker's -1, reads as absent. */
  readonly swappiness?: number;
  readonly disableOOMKiller?: boolean;
  readonly useHierarchy?: boolean;
  readonly checkBeforeUpdate?: boolean;
}

/** Times in microseconds. */
export interface LinuxCPU {
  readonly shares?: bigint;
  /** 0 or less: unlimited. */
  readonly quota?: bigint;
  readonly burst?: bigint;
  readonly period?: bigint;
  readonly realtimeRuntime?: bigint;
  readonly realtimePeriod?: bigint;
  /** Lists in the form of id_list.ts. */
  readonly cpus?: string;
  readonly mems?: string;
  /** 0 or 1. */
  readonly idle?: number;
}

export interface LinuxPids {
  /** -1 for unlimited; 0 is a limit. */
  readonly limit?: bigint;
}

export interface LinuxBlockIO {
  /** 0 (Docker's "not set") to 1000. */
  readonly weight?: number;
  readonly leafWeight?: number;
  readonly weightDevice?: readonly LinuxWeightDevice[];
  readonly throttleReadBpsDevice?: readonly LinuxThrottleDevice[];
  readonly throttleWriteBpsDevice?: readonly LinuxThrottleDevice[];
  readonly throttleReadIOPSDevice?: readonly LinuxThrottleDevice[];
  readonly throttleWriteIOPSDevice?: readonly LinuxThrottleDevice[];
}

/** At least one of the weights is present. */
export interface LinuxWeightDevice {
  readonly major: number;
  readonly minor: number;
  readonly weight?: number;
  readonly leafWeight?: number;
}

/** Bytes or operations per second. */
export interface LinuxThrottleDevice {
  readonly major: number;
  readonly minor: number;
  readonly rate: bigint;
}

export interface LinuxHugepageLimit {
  /** `2MB`, `64KB`, `1GB`. */
  readonly pageSize: string;
  /** Bytes. */
  readonly limit: bigint;
}

/** cgroup v1 only. */
export interface LinuxNetwork {
  readonly classID?: number;
  readonly priorities?: readonly LinuxInterfacePriority[];
}

export interface LinuxInterfacePriority {
  readonly name: string;
  readonly priority: number;
}

/** At least one is present. */
export interface LinuxRdma {
  readonly hcaHandles?: number;
  readonly hcaObjects?: number;
}

export type SeccompAction = (typeof SECCOMP_ACTIONS)[number];
export type SeccompArch = (typeof SECCOMP_ARCHITECTURES)[number];
export type SeccompFlag = (typeof SECCOMP_FLAGS)[number];
export type SeccompOperator = (typeof SECCOMP_OPERATORS)[number];

/** config-linux.md#seccomp */
export interface LinuxSeccomp {
  readonly defaultAction: SeccompAction;
  /** Only with SCMP_ACT_ERRNO (0 to 4095) and SCMP_ACT_TRACE (0 to 65535); absent: EPERM. */
  readonly defaultErrnoRet?: number;
  readonly architectures?: readonly SeccompArch[];
  /** Absent and empty differ: runc adds SPEC_ALLOW where it is absent. */
  readonly flags?: readonly SeccompFlag[];
  /** Present if SCMP_ACT_NOTIFY is used. */
  readonly listenerPath?: string;
  readonly listenerMetadata?: string;
  readonly syscalls?: readonly LinuxSyscall[];
}

export interface LinuxSyscall {
  /** At least one; unknown names are allowed. */
  readonly names: readonly string[];
  readonly action: SeccompAction;
  /** As defaultErrnoRet. */
  readonly errnoRet?: number;
  readonly args?: readonly LinuxSeccompArg[];
}

export interface LinuxSeccompArg {
  /** 0 to 5. */
  readonly index: number;
  readonly value: bigint;
  /** The datum of SCMP_CMP_MASKED_EQ, whose mask is `value`. */
  readonly valueTwo?: bigint;
  readonly op: SeccompOperator;
}

/** config-linux.md#intelrdt; no value holds a newline. */
export interface LinuxIntelRdt {
  readonly closID?: string;
  readonly schemata?: readonly string[];
  readonly l3CacheSchema?: string;
  /** Begins with `MB:`. */
  readonly memBwSchema?: string;
  readonly enableMonitoring?: boolean;
}

export type MemoryPolicyMode = (typeof MEMORY_POLICY_MODES)[number];
export type MemoryPolicyFlag = (typeof MEMORY_POLICY_FLAGS)[number];

/** set_mempolicy(2) */
export interface LinuxMemoryPolicy {
  readonly mode: MemoryPolicyMode;
  /** A list in the form of id_list.ts; present exactly where the mode wants nodes (optional for MPOL_PREFERRED). */
  readonly nodes?: string;
  readonly flags?: readonly MemoryPolicyFlag[];
}

/** personality(2). The spec defines no flags: an empty list of them is left out. */
export interface LinuxPersonality {
  readonly domain: (typeof PERSONALITY_DOMAINS)[number];
  readonly flags?: never;
}
