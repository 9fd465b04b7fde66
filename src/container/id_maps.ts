// The id maps of a new user namespace, written by the parent before the stage is executed: execve keeps capabilities
// only for a mapped root (user_namespaces(7)).

import { attempt } from "../kernel/call.ts";
import { writeValue } from "../kernel/file.ts";
import type { Linux, LinuxIDMapping } from "../spec/types.ts";

/**
 * By who may map any id, and leave setgroups(2) allowed: for others see user_maps.ts.
 * @param parent of both lists in config.json
 */
export function writeIdMaps(
  pid: number,
  { uidMappings = [], gidMappings = [] }: Pick<Linux, "uidMappings" | "gidMappings">,
  parent = "/linux",
): void {
  writeMap(`/proc/${pid}/uid_map`, uidMappings, `${parent}/uidMappings`);
  writeMap(`/proc/${pid}/gid_map`, gidMappings, `${parent}/gidMappings`);
}

function writeMap(path: string, mappings: readonly LinuxIDMapping[], pointer: string): void {
  writeValue(path, formatMap(mappings), { context: { what: `write ${path}`, pointer } });
}

export function formatMap(mappings: readonly LinuxIDMapping[]): string {
  return mappings.map(({ containerID, hostID, size }) => `${containerID} ${hostID} ${size}\n`).join("");
}

export type IdKind = "uid" | "gid";

/** user_namespaces(7): the only map that who has no privilege may write. */
export function isOwnId(mappings: readonly LinuxIDMapping[] | undefined, kind: IdKind): boolean {
  const first = mappings?.[0];
  return mappings?.length === 1 && first?.size === 1 && first.hostID === attempt(`gete${kind}`);
}
