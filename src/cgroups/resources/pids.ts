// linux.resources.pids: the number of processes and threads.

import type { LinuxPids } from "../../spec/types.ts";
import type { Limit } from "./limit.ts";

/**
 * 0 is a limit: no further process. The kernel would not let the container's first one in under it, and 1 says the
 * same once it is there.
 */
export function compilePids({ limit }: LinuxPids, pointer: string): readonly Limit[] {
  if (limit === undefined) return [];
  const file = "pids.max";
  if (limit < 0n) return [{ file, value: "max", pointer: `${pointer}/limit`, optional: true }];
  return [{ file, value: limit === 0n ? "1" : String(limit), pointer: `${pointer}/limit` }];
}
