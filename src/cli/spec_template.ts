// The config.json that `spec` writes: runc's, field by field, so that what people know of it holds. Like runc's on
// cgroup v2 it has a cgroup namespace; like runc's from 1.2 on it has no ambient capabilities.

import { MASKED_PATHS, READONLY_PATHS } from "../spec/protected_paths.ts";
import { SPEC_VERSION } from "./version.ts";

/** Who will run a container without root. */
export interface RootlessUser {
  readonly uid: number;
  readonly gid: number;
}

interface TemplateMount {
  readonly destination: string;
  readonly type: string;
  readonly source: string;
  readonly options?: readonly string[];
}

const CAPABILITIES = ["CAP_AUDIT_WRITE", "CAP_KILL", "CAP_NET_BIND_SERVICE"];

const MOUNTS: readonly TemplateMount[] = [
  { destination: "/proc", type: "proc", source: "proc" },
  {
    destination: "/dev",
    type: "tmpfs",
    source: "tmpfs",
    options: ["nosuid", "strictatime", "mode=755", "size=65536k"],
  },
  {
    destination: "/dev/pts",
    type: "devpts",
    source: "devpts",
    options: ["nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5"],
  },
  {
    destination: "/dev/shm",
    type: "tmpfs",
    source: "shm",
    options: ["nosuid", "noexec", "nodev", "mode=1777", "size=65536k"],
  },
  { destination: "/dev/mqueue", type: "mqueue", source: "mqueue", options: ["nosuid", "noexec", "nodev"] },
  { destination: "/sys", type: "sysfs", source: "sysfs", options: ["nosuid", "noexec", "nodev", "ro"] },
  {
    destination: "/sys/fs/cgroup",
    type: "cgroup",
    source: "cgroup",
    options: ["nosuid", "noexec", "nodev", "relatime", "ro"],
  },
];

/** The spec as a value, its fields in the order of Go's structs. */
export function specTemplate(rootless?: RootlessUser) {
  return {
    ociVersion: SPEC_VERSION,
    process: {
      terminal: true,
      user: { uid: 0, gid: 0 },
      args: ["sh"],
      env: ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "TERM=xterm"],
      cwd: "/",
      capabilities: { bounding: CAPABILITIES, effective: CAPABILITIES, permitted: CAPABILITIES },
      rlimits: [{ type: "RLIMIT_NOFILE", hard: 1024, soft: 1024 }],
      noNewPrivileges: true,
    },
    root: { path: "rootfs", readonly: true },
    hostname: "runt",
    mounts: rootless ? MOUNTS.map(rootlessMount) : MOUNTS,
    linux: {
      ...(rootless
        ? rootlessMappings(rootless)
        : { resources: { devices: [{ allow: false, access: "rwm" }] } }),
      namespaces: namespaces(rootless !== undefined).map((type) => ({ type })),
      maskedPaths: MASKED_PATHS,
      readonlyPaths: READONLY_PATHS,
    },
  };
}

export function formatSpec(spec: ReturnType<typeof specTemplate>): string {
  return JSON.stringify(spec, undefined, "\t");
}

/** Without root there is no way to set up a network, so the host's is kept. */
function namespaces(rootless: boolean): readonly string[] {
  if (rootless) return ["pid", "ipc", "uts", "mount", "cgroup", "user"];
  return ["pid", "network", "ipc", "uts", "mount", "cgroup"];
}

/** One id is all that a user may map without help. */
function rootlessMappings({ uid, gid }: RootlessUser) {
  return {
    uidMappings: [{ containerID: 0, hostID: uid, size: 1 }],
    gidMappings: [{ containerID: 0, hostID: gid, size: 1 }],
  };
}

/** A new sysfs needs a network namespace of one's own, and `gid=5` is not mapped. */
function rootlessMount(mount: TemplateMount): TemplateMount {
  const { destination, options } = mount;
  if (destination === "/sys") {
    return {
      destination,
      type: "none",
      source: "/sys",
      options: ["rbind", "nosuid", "noexec", "nodev", "ro"],
    };
  }
  return { ...mount, ...(options && { options: options.filter((option) => !/^[ug]id=/.test(option)) }) };
}
