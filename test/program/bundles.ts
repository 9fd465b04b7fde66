// The containers of the golden listings: what each of them adds to the one before it is what it is for.

import { readFileSync } from "node:fs";
import { planNamespaces } from "../../src/namespaces/plan.ts";
import type { Program } from "../../src/program/instruction.ts";
import { ALL_CAPABILITIES, type Config, compile, compileProcess, type Host, MINIMAL } from "./container.ts";

const NAMESPACES = ["pid", "network", "mount", "ipc", "uts", "user", "cgroup", "time"] as const;

function fixture(name: string): Config {
  return JSON.parse(readFileSync(new URL(`../fixtures/${name}`, import.meta.url), "utf8"));
}
const withProcess = (process: Config): Config => ({ process: { ...MINIMAL.process, ...process } });
const withLinux = (linux: Config): Config => ({ linux: { ...MINIMAL.linux, ...linux } });

const joined = NAMESPACES.map((type) => ({ type, path: `/run/ns/${type}` }));

const USER_NAMESPACE = {
  namespaces: [{ type: "user" }, { type: "mount" }, { type: "pid" }, { type: "network" }, { type: "cgroup" }],
  uidMappings: [{ containerID: 0, hostID: 100000, size: 65536 }],
  gidMappings: [{ containerID: 0, hostID: 100000, size: 65536 }],
};

const everywhere = (capability: string): Config =>
  Object.fromEntries(["bounding", "effective", "permitted"].map((set) => [set, [capability]]));

/** Every option of config.md, "Linux mount options", once. */
const MOUNTS = [
  { destination: "/bind", source: "a", options: ["bind", "ro", "nosuid", "nodev", "noexec", "private"] },
  {
    destination: "/rbind",
    source: "/b",
    options: ["rbind", "rro", "rnosuid", "rnodev", "rnoexec", "rslave"],
  },
  { destination: "/file", source: "/file", options: ["bind", "noatime", "nodiratime", "nosymfollow"] },
  { destination: "/back", source: "/b", options: ["rbind", "rw", "suid", "dev", "exec", "atime", "shared"] },
  {
    destination: "/later",
    source: "/b",
    options: ["rbind", "ro", "rw", "rro", "rrw", "runbindable", "rshared"],
  },
  {
    destination: "/deep/er",
    type: "tmpfs",
    source: "tmpfs",
    options: ["ro", "size=64k", "mode=755", "sync"],
  },
  {
    destination: "/data",
    type: "ext4",
    source: "/dev/vdb",
    options: ["defaults", "async", "dirsync", "errors=panic"],
  },
  {
    destination: "/lazy",
    type: "tmpfs",
    source: "t",
    options: ["lazytime", "nolazytime", "strictatime", "unbindable"],
  },
  {
    destination: "/version",
    type: "ext4",
    source: "/dev/vdb",
    options: ["iversion", "silent", "mand", "ro"],
  },
  { destination: "/bind", options: ["remount", "bind", "ro"], source: "none" },
  {
    destination: "/sys/fs/cgroup",
    type: "cgroup",
    source: "cgroup",
    options: ["nosuid", "relatime", "nsdelegate"],
  },
];

/** Where the host has cgroup v2. */
const CGROUP = "/sys/fs/cgroup";

const BIND_SOURCES: NonNullable<Host["facts"]> = {
  mounts: {
    cgroup: CGROUP,
    cgroupNamespace: false,
    standIns: [],
    sources: new Map([
      [0, { path: "/bundle/a", isDirectory: true, inherited: false }],
      [1, { path: "/b", isDirectory: true, inherited: false }],
      [2, { path: "/file", isDirectory: false, inherited: false }],
      [3, { path: "/b", isDirectory: true, inherited: false }],
      [4, { path: "/b", isDirectory: true, inherited: false }],
    ]),
  },
};

/** By the name of the file that holds its listing. */
export const BUNDLES: Readonly<Record<string, () => Program>> = {
  minimal: () => compile({}),
  "runc-spec": () =>
    compile(fixture("runc-spec.json"), {
      options: { barrier: true, newKeyring: true },
      facts: { bounding: ALL_CAPABILITIES, ignoredSignals: [13] },
    }),
  "no-terminal": () =>
    compile(
      {
        ...fixture("runc-spec.json"),
        root: { path: "rootfs" },
        mounts: [],
        hostname: "",
        ...withProcess({}),
      },
      {
        options: { barrier: true, preserveFds: 2 },
        facts: { nullStdio: [0], user: { setgroupsDenied: false, foreignStdio: [1, 2] } },
      },
    ),
  "all-namespaces-joined": () =>
    compile(withLinux({ namespaces: joined }), {
      facts: {
        joinedByStage: planNamespaces(joined).joined.filter(({ type }) => type !== "user" && type !== "pid"),
      },
    }),
  "user-namespace": () =>
    compile(
      {
        ...withProcess({
          user: { uid: 1000, gid: 1000, additionalGids: [10, 20] },
          env: ["PATH=/bin"],
          args: ["id"],
        }),
        ...withLinux(USER_NAMESPACE),
        mounts: [
          { destination: "/proc", type: "proc", source: "proc" },
          { destination: "/src", source: "/src", options: ["bind", "ro", "rslave"] },
          { destination: "/sys/fs/cgroup", type: "cgroup", source: "cgroup", options: ["ro"] },
        ],
      },
      {
        facts: {
          root: { path: "/bundle/rootfs", inherited: true },
          mounts: {
            cgroup: CGROUP,
            cgroupNamespace: true,
            standIns: [],
            sources: new Map([[1, { path: "/src", isDirectory: true, inherited: true }]]),
          },
          devices: { mayMknod: false, kcoreExists: false },
        },
      },
    ),
  "rootless-user-namespace": () =>
    compile(
      {
        ...withProcess({ env: ["PATH=/bin"] }),
        ...withLinux(USER_NAMESPACE),
        mounts: [
          { destination: "/proc", type: "proc", source: "proc" },
          {
            destination: "/sys",
            type: "sysfs",
            source: "sysfs",
            options: ["nosuid", "noexec", "nodev", "ro"],
          },
        ],
      },
      {
        facts: {
          mounts: { cgroup: CGROUP, cgroupNamespace: false, sources: new Map(), standIns: ["sysfs", "proc"] },
          devices: { mayMknod: false, kcoreExists: true },
          user: { setgroupsDenied: true, foreignStdio: [] },
        },
      },
    ),
  "borrowed-procfs": () =>
    compile(
      withLinux({ namespaces: [{ type: "mount" }, { type: "ipc" }], sysctl: { "kernel.msgmax": "8888" } }),
      {
        facts: {
          mounts: { cgroup: CGROUP, cgroupNamespace: false, sources: new Map(), standIns: ["sysfs", "proc"] },
        },
      },
    ),
  "rootless-joined-user-namespace": () =>
    compile(withLinux({ namespaces: [{ type: "mount" }, { type: "user", path: "/proc/1000/ns/user" }] }), {
      facts: {
        devices: { mayMknod: false, kcoreExists: true },
        user: { setgroupsDenied: "perhaps", foreignStdio: [] },
      },
    }),
  terminal: () =>
    compile({
      ...withProcess({
        terminal: true,
        consoleSize: { height: 24, width: 80 },
        user: { uid: 1000, gid: 5 },
        env: ["PATH=/bin:"],
        args: ["sh", "-c", 'echo "$0"\n'],
      }),
      mounts: [
        { destination: "/dev/pts", type: "devpts", source: "devpts", options: ["newinstance", "gid=5"] },
      ],
    }),
  mounts: () => compile({ mounts: MOUNTS }, { facts: BIND_SOURCES }),
  "dev-from-host": () =>
    compile(
      { mounts: [{ destination: "/dev/", source: "/dev", options: ["rbind"] }] },
      {
        facts: {
          mounts: {
            cgroup: CGROUP,
            cgroupNamespace: false,
            standIns: [],
            sources: new Map([[0, { path: "/dev", isDirectory: true, inherited: false }]]),
          },
        },
      },
    ),
  "protected-paths": () =>
    compile({
      root: { path: "rootfs", readonly: true },
      ...withLinux({
        maskedPaths: ["/proc/kcore", "/sys/firmware", "/etc/../etc/shadow"],
        readonlyPaths: ["/proc/sys", "/etc"],
        rootfsPropagation: "rshared",
      }),
      mounts: [{ destination: "/run", type: "tmpfs", source: "tmpfs", options: ["ro"] }],
    }),
  devices: () =>
    compile(
      withLinux({
        devices: [
          { type: "c", path: "/dev/null", major: 1, minor: 3, fileMode: 0o600 },
          { type: "b", path: "/dev/disk/by-id/a", major: 8, minor: 300, uid: 1, gid: 2 },
          { type: "u", path: "/srv/tape", major: 9, minor: 0 },
          { type: "p", path: "/run/fifo", fileMode: 0o640 },
        ],
      }),
    ),
  hooks: () =>
    compile(
      {
        hooks: {
          prestart: [{ path: "/bin/prestart" }],
          createContainer: [
            { path: "/bin/first", args: ["first", "-v"], env: ["A=1", "B=2"], timeout: 5 },
            { path: "/bin/second" },
          ],
          startContainer: [
            { path: "/bin/start", env: ["A=1"] },
            { path: "/bin/inherits", timeout: 1 },
          ],
          poststart: [{ path: "/bin/poststart" }],
          poststop: [{ path: "/bin/poststop" }],
        },
        ...withProcess({ env: ["PATH=/bin"] }),
      },
      {
        options: { barrier: true, preserveFds: 1 },
        facts: { root: { path: "/bundle/rootfs", inherited: false, hostMount: "/bundle" } },
      },
    ),
  "start-hooks-without-barrier": () =>
    compile({ hooks: { startContainer: [{ path: "/bin/start" }], poststop: [{ path: "/bin/poststop" }] } }),
  "no-mount-namespace": () => compile(withLinux({ namespaces: [{ type: "pid" }] })),
  "mounts-on-the-host": () =>
    compile({
      ...withLinux({ namespaces: [{ type: "pid" }] }),
      mounts: [
        { destination: "/proc", type: "proc", source: "proc" },
        { destination: "/run", type: "tmpfs", source: "tmpfs", options: ["ro"] },
      ],
    }),
  "no-pivot": () => compile(withLinux({ rootfsPropagation: "private" }), { options: { noPivot: true } }),
  tmpcopyup: () =>
    compile({
      mounts: [
        { destination: "/run", type: "tmpfs", source: "tmpfs", options: ["tmpcopyup", "ro"] },
        { destination: "/tmp", type: "tmpfs", source: "tmpfs", options: ["tmpcopyup", "mode=1777"] },
      ],
    }),
  scheduling: () =>
    compile({
      ...withProcess({
        scheduler: {
          policy: "SCHED_DEADLINE",
          flags: ["SCHED_FLAG_RESET_ON_FORK", "SCHED_FLAG_DL_OVERRUN"],
          runtime: 10_000_000,
          deadline: 20_000_000,
          period: 9_007_199_254_740_991,
        },
        ioPriority: { class: "IOPRIO_CLASS_RT", priority: 7 },
      }),
      ...withLinux({
        memoryPolicy: { mode: "MPOL_INTERLEAVE", nodes: "0,3-5,64", flags: ["MPOL_F_STATIC_NODES"] },
        personality: { domain: "LINUX32" },
      }),
    }),
  labels: () =>
    compile(
      {
        ...withProcess({
          apparmorProfile: "docker-default",
          selinuxLabel: "system_u:system_r:container_t:s0:c1,c2",
          rlimits: [{ type: "RLIMIT_NOFILE", soft: 1, hard: 1 }],
          noNewPrivileges: true,
        }),
        ...withLinux({ mountLabel: "system_u:object_r:container_file_t:s0:c1,c2", maskedPaths: ["/tmp"] }),
        mounts: [
          { destination: "/proc", type: "proc", source: "proc" },
          { destination: "/run", type: "tmpfs", source: "tmpfs", options: ["mode=755"] },
          { destination: "/own", type: "tmpfs", source: "tmpfs", options: ['context="a:b:c:s0:c3,c4"'] },
          { destination: "/old", type: "ext4", source: "/dev/vdb", options: ["iversion", "acl"] },
          { destination: "/dev/mqueue", type: "mqueue", source: "mqueue" },
        ],
      },
      { options: { newKeyring: true } },
    ),
  seccomp: () =>
    compile(withProcess({ user: { uid: 1000, gid: 1000 } }), {
      options: { barrier: true },
      facts: { seccomp: { program: new Uint8Array(3 * 8), flags: 6, notifies: false } },
    }),
  "seccomp-notify": () =>
    compile(withProcess({ noNewPrivileges: true }), {
      facts: { seccomp: { program: new Uint8Array(8), flags: 8, notifies: true } },
    }),
  "seccomp-privileged": () =>
    compile(withProcess({ capabilities: everywhere("CAP_SYS_ADMIN") }), {
      facts: { seccomp: { program: new Uint8Array(8), flags: 0, notifies: false } },
    }),
  privileges: () =>
    compile(
      {
        hostname: "host",
        domainname: "domain",
        ...withProcess({
          user: { uid: 1000, gid: 1000, umask: 0o77, additionalGids: [0, 4294967294] },
          cwd: "/work/here",
          noNewPrivileges: true,
          capabilities: {
            bounding: ["CAP_CHOWN", "CAP_KILL", "CAP_CHECKPOINT_RESTORE"],
            permitted: ["CAP_CHOWN", "CAP_KILL", "CAP_CHECKPOINT_RESTORE", "CAP_UNHEARD_OF"],
            effective: ["CAP_CHOWN"],
            inheritable: ["CAP_KILL"],
            ambient: ["CAP_KILL", "CAP_CHOWN"],
          },
          rlimits: [
            { type: "RLIMIT_NOFILE", soft: 1024, hard: 4096 },
            { type: "RLIMIT_CORE", soft: 0, hard: 9007199254740991 },
          ],
        }),
        ...withLinux({
          namespaces: [
            { type: "pid" },
            { type: "mount" },
            { type: "uts" },
            { type: "network" },
            { type: "ipc" },
          ],
          sysctl: {
            "net.ipv4.ip_forward": "1",
            "net/ipv4/conf/eth0.1/forwarding": "0",
            "kernel.sem": "1 2 3 4",
          },
        }),
      },
      { facts: { bounding: ALL_CAPABILITIES } },
    ),
};

/** Processes of `exec`, by the name of the file that holds the listing. */
export const PROCESSES: Readonly<Record<string, () => Program>> = {
  "exec-minimal": () => compileProcess({}),
  "exec-runc-spec": () =>
    compileProcess(
      fixture("runc-spec.json"),
      { bounding: ALL_CAPABILITIES, ignoredSignals: [13] },
      { newKeyring: true },
    ),
  "exec-user-namespace": () =>
    compileProcess({
      ...withProcess({
        user: { uid: 1000, gid: 1000, umask: 0o77, additionalGids: [10] },
        env: ["PATH=/bin"],
        args: ["id"],
        cwd: "/work",
        noNewPrivileges: true,
        rlimits: [{ type: "RLIMIT_NOFILE", soft: 1024, hard: 4096 }],
        execCPUAffinity: { initial: "0", final: "1,64-65" },
      }),
      ...withLinux({ ...USER_NAMESPACE, namespaces: NAMESPACES.map((type) => ({ type })) }),
    }),
  "exec-seccomp": () =>
    compileProcess(withProcess({ user: { uid: 1000, gid: 1000 } }), {
      seccomp: { program: new Uint8Array(8), flags: 0, notifies: false },
    }),
  "exec-seccomp-traced": () =>
    compileProcess(withProcess({ user: { uid: 1000, gid: 1000 } }), {
      mayTrace: true,
      seccomp: { program: new Uint8Array(8), flags: 0, notifies: false },
    }),
  "exec-seccomp-notify": () =>
    compileProcess(withProcess({ noNewPrivileges: true }), {
      seccomp: { program: new Uint8Array(8), flags: 8, notifies: true },
    }),
  "exec-no-mount-namespace": () =>
    compileProcess(withLinux({ namespaces: [{ type: "network" }] }), {}, { preserveFds: 2 }),
};

export const ALL: typeof BUNDLES = { ...BUNDLES, ...PROCESSES };
