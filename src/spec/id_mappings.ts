// Id maps of user namespaces and of idmapped mounts. The kernel judges both by the same rules (user_namespaces(7),
// map_write in kernel/user_namespace.c), but answers EINVAL to all of them.

import { arrayOf, type Check, int, mismatch, object, reject, uint32 } from "./check.ts";
import type { LinuxIDMapping } from "./types.ts";

/** 4294967295 is (uid_t)-1, which system calls take for "no change". */
export const id = int(0, 0xfffffffe);

/** UID_GID_MAP_MAX_EXTENTS */
const MAX_MAPPINGS = 340;

const idMapping: Check<LinuxIDMapping> = object(
  { containerID: id, hostID: id, size: uint32 },
  {},
  (mapping, pointer) => {
    if (mapping.size === 0) mismatch(0, "a size of at least 1", pointer, "size");
    for (const field of ["containerID", "hostID"] as const) {
      if (mapping[field] + mapping.size <= 0xffffffff) continue;
      reject(pointer, `${field} ${mapping[field]} + size ${mapping.size} goes beyond id 4294967294`);
    }
  },
);

/** Ranges that overlap neither in the container nor on the host. An empty list is allowed. */
export const idMappings: Check<readonly LinuxIDMapping[]> = arrayOf(idMapping, (mappings, pointer) => {
  if (mappings.length > MAX_MAPPINGS) {
    reject(pointer, `found ${mappings.length} mappings, expected at most ${MAX_MAPPINGS}`);
  }
  rejectOverlap(mappings, "containerID", pointer);
  rejectOverlap(mappings, "hostID", pointer);
});

function rejectOverlap(
  mappings: readonly LinuxIDMapping[],
  field: "containerID" | "hostID",
  pointer: string,
): void {
  if (mappings.length < 2) return;
  const order = mappings.map((_, index) => index);
  const start = (index: number) => mappings[index]?.[field] ?? 0;
  order.sort((a, b) => start(a) - start(b));
  for (let i = 1; i < order.length; i++) {
    const [low, high] = [order[i - 1] ?? 0, order[i] ?? 0];
    if (start(low) + (mappings[low]?.size ?? 0) <= start(high)) continue;
    const [first, second] = low < high ? [low, high] : [high, low];
    reject(`${pointer}/${second}`, `its ${field} range overlaps that of entry ${first}`);
  }
}
