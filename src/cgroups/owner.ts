// Whom a container's cgroup belongs to, as far as config.json says.

import { has, type NamespacePlan } from "../namespaces/plan.ts";
import { containerPath } from "../rootfs/path.ts";
import type { Process, Spec } from "../spec/types.ts";

/**
 * The uid on the host of the container's first user, if the conditions of config-linux.md, "Cgroup ownership", hold: a
 * new cgroup namespace, and the cgroup filesystem mounted writable. Undefined otherwise, and where the mappings are
 * those of a user namespace that is joined, which are not looked at.
 */
export function cgroupOwner(spec: Spec, process: Process, namespaces: NamespacePlan): number | undefined {
  if (!namespaces.created.has("cgroup") || !spec.mounts?.some(isWritableCgroup)) return undefined;
  const { uid } = process.user;
  if (!has(namespaces, "user")) return uid;
  if (!namespaces.created.has("user")) return undefined;
  const mapping = spec.linux?.uidMappings?.find(
    ({ containerID, size }) => uid >= containerID && uid < containerID + size,
  );
  return mapping && mapping.hostID + uid - mapping.containerID;
}

function isWritableCgroup({
  source,
  destination,
  options = [],
}: NonNullable<Spec["mounts"]>[number]): boolean {
  if (source !== "cgroup" || containerPath(destination) !== "/sys/fs/cgroup") return false;
  return !options.includes("ro");
}
