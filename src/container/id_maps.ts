// The id maps of a new user namespace, written by the parent before the stage is executed: execve keeps capabilities
// only for a mapped root (user_namespaces(7)).

import { EPERM, errnoName } from "../abi/errno.ts";
import { RuntError } from "../error.ts";
import { writeValue } from "../kernel/file.ts";
import type { Linux, LinuxIDMapping } from "../spec/types.ts";

/** @param privileged the runtime may map ids that are not its own, and leave setgroups(2) allowed */
export function writeIdMaps(pid: number, linux: Linux, privileged: boolean): void {
  const { uidMappings = [], gidMappings = [] } = linux;
  // Without privilege a gid map is accepted only when groups cannot be dropped any more.
  if (!privileged) writeValue(`/proc/${pid}/setgroups`, "deny");
  writeMap(`/proc/${pid}/uid_map`, uidMappings, "/linux/uidMappings");
  writeMap(`/proc/${pid}/gid_map`, gidMappings, "/linux/gidMappings");
}

function writeMap(path: string, mappings: readonly LinuxIDMapping[], pointer: string): void {
  const lines = mappings.map(({ containerID, hostID, size }) => `${containerID} ${hostID} ${size}\n`);
  try {
    writeValue(path, lines.join(""), { context: { what: `write ${path}`, pointer } });
  } catch (error) {
    if (!(error instanceof RuntError) || error.record.errno !== errnoName(EPERM)) throw error;
    const hint = "without privilege only the caller's own id can be mapped, and that once";
    throw new RuntError({ ...error.record, hint });
  }
}
