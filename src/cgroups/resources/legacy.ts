// Fields that only cgroup v1 can do. Engines write them for either version, so that runc ignores them on version 2,
// and so do we; but we say so where one asks for something.

import type { ErrorRecord } from "../../error.ts";
import type { LinuxResources } from "../../spec/types.ts";

/** A warning for each field that comes to nothing. */
export function legacyWarnings(resources: LinuxResources, pointer: string): readonly ErrorRecord[] {
  const { memory, cpu, blockIO, network } = resources;
  const asked: readonly (readonly [field: string, asked: unknown])[] = [
    ["memory/kernel", memory?.kernel !== undefined && memory.kernel > 0n],
    ["memory/kernelTCP", memory?.kernelTCP !== undefined && memory.kernelTCP > 0n],
    ["memory/swappiness", memory?.swappiness !== undefined],
    ["memory/disableOOMKiller", memory?.disableOOMKiller],
    ["cpu/realtimeRuntime", cpu?.realtimeRuntime],
    ["cpu/realtimePeriod", cpu?.realtimePeriod],
    ["blockIO/leafWeight", blockIO?.leafWeight],
    ["blockIO/weightDevice", blockIO?.weightDevice?.some(({ leafWeight }) => leafWeight)],
    ["network/classID", network?.classID],
    ["network/priorities", network?.priorities?.length],
  ];
  return asked
    .filter(([, isAsked]) => isAsked)
    .map(([field]) => ({ pointer: `${pointer}/${field}`, what: "cgroup v2 has no such limit: ignored" }));
}
