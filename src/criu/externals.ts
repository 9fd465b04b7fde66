// What of a container is not its own: mounts of the host's files, and namespaces that it has joined. CRIU leaves them
// out, under a name, and is told what has that name when the container is restored.

import { devicePaths } from "../rootfs/devices.ts";
import { parseMountOptions } from "../rootfs/mount_options.ts";
import { type ContainerPath, containerPath, hostPath } from "../rootfs/path.ts";
import type { LinuxNamespaceType, Spec } from "../spec/types.ts";

export interface ExternalMount {
  /** Its name, too. */
  readonly destination: ContainerPath;
  readonly source: string;
}

/** @param cgroup where the host has cgroup v2: mounted as it is in a container without a cgroup namespace */
export function externalMounts(
  { mounts = [], linux = {} }: Spec,
  bundle: string,
  cgroup: string | undefined,
): readonly ExternalMount[] {
  const found: ExternalMount[] = [];
  for (const { destination, type, source = "", options = [] } of mounts) {
    const { bind, remount } = parseMountOptions(options);
    const at = containerPath(destination);
    if (bind !== undefined && !remount) found.push({ destination: at, source: hostPath(bundle, source) });
    else if (cgroup !== undefined && (type === "cgroup" || type === "cgroup2")) {
      found.push({ destination: at, source: cgroup });
    }
  }
  // Nodes of the host, where the container was not permitted to have its own. Names of no mount do no harm.
  for (const path of devicePaths(linux.devices ?? [])) found.push({ destination: path, source: path });
  return found;
}

/** Of the two that CRIU can leave out: its word for the type, and the name that runc gives it. */
export const EXTERNAL_NAMESPACE: Partial<Record<LinuxNamespaceType, readonly [type: string, name: string]>> =
  {
    network: ["net", "extRootNetNS"],
    pid: ["pid", "extRootPidNS"],
  };

/** The others that it can join, in its words. */
export const JOINED_NAMESPACE: Partial<Record<LinuxNamespaceType, string>> = {
  ipc: "ipc",
  uts: "uts",
  time: "time",
};

/** `external` of CRIU's options. */
export function external(type: string, id: string | number, name: string): string {
  return `${type}[${id}]:${name}`;
}

/** What a standard stream of the container is, if it is to be one of the caller's when the container is restored. */
export function isInherited(link: string): boolean {
  return link.startsWith("pipe:[") || link.startsWith("file[");
}
