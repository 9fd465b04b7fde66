// Where a container's cgroup is: `linux.cgroupsPath`, or a place of our own choice.

import { containerPath } from "../rootfs/path.ts";

/**
 * The path below the cgroup mount. An absolute one is taken from the mount point, a relative one, and the default,
 * from the parent of the cgroup that the runtime runs in: a sibling, which delegation allows (config-linux.md,
 * "Cgroups Path"). `..` cannot leave the mount.
 *
 * @param own the `0::` line of /proc/self/cgroup: `/user.slice/session-1.scope`
 */
export function cgroupPath(cgroupsPath: string | undefined, id: string, own: string): string {
  const wanted = cgroupsPath === undefined || cgroupsPath === "" ? id : cgroupsPath;
  if (wanted.startsWith("/")) return containerPath(wanted);
  const parent = own.slice(0, own.lastIndexOf("/"));
  return containerPath(`${parent}${containerPath(wanted)}`);
}

/** The cgroup v2 line of proc_pid_cgroup: `0::/path`. */
export function ownCgroup(procCgroup: string): string | undefined {
  return procCgroup
    .split("\n")
    .find((line) => line.startsWith("0::"))
    ?.slice(3);
}
