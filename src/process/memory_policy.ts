// `linux.memoryPolicy` and `linux.personality`: how the kernel places the memory of the process, and what it tells it of
// the machine.

import { words } from "../abi/structs.ts";
import { type Builder, data } from "../program/builder.ts";
import { parseIdList } from "../spec/id_list.ts";
import type {
  LinuxMemoryPolicy,
  LinuxPersonality,
  MemoryPolicyFlag,
  MemoryPolicyMode,
} from "../spec/types.ts";

/** <linux/mempolicy.h> */
const MODE: Readonly<Record<MemoryPolicyMode, number>> = {
  MPOL_DEFAULT: 0,
  MPOL_PREFERRED: 1,
  MPOL_BIND: 2,
  MPOL_INTERLEAVE: 3,
  MPOL_LOCAL: 4,
  MPOL_PREFERRED_MANY: 5,
  MPOL_WEIGHTED_INTERLEAVE: 6,
};

const FLAG: Readonly<Record<MemoryPolicyFlag, number>> = {
  MPOL_F_NUMA_BALANCING: 1 << 13,
  MPOL_F_RELATIVE_NODES: 1 << 14,
  MPOL_F_STATIC_NODES: 1 << 15,
};

/** <linux/personality.h> */
const PERSONALITY: Readonly<Record<LinuxPersonality["domain"], number>> = { LINUX: 0, LINUX32: 8 };

export function compileMemoryPolicy(b: Builder, policy: LinuxMemoryPolicy | undefined): void {
  if (policy === undefined) return;
  const flags = (policy.flags ?? []).reduce((all, flag) => all | FLAG[flag], 0);
  const mask = nodeMask(policy.nodes ?? "");
  b.from("/linux/memoryPolicy");
  // The kernel takes one bit less than it is told.
  const args = mask === undefined ? [null, 0] : [data(mask, "nodemask"), mask.length * 8 + 1];
  b.call("set_mempolicy", [MODE[policy.mode] | flags, ...args]);
}

/** A bit for each node, in words of 64 bits; undefined without nodes. */
function nodeMask(nodes: string): Uint8Array | undefined {
  const ranges = parseIdList(nodes) ?? [];
  if (ranges.length === 0) return undefined;
  const highest = Math.max(...ranges.map(([, last]) => last));
  const mask = words(...Array.from({ length: 2 * Math.ceil((highest + 1) / 64) }, () => 0));
  for (const [first, last] of ranges) {
    for (let node = first; node <= last; node++)
      mask[node >> 3] = (mask[node >> 3] as number) | (1 << (node & 7));
  }
  return mask;
}

export function compilePersonality(b: Builder, personality: LinuxPersonality | undefined): void {
  if (personality === undefined) return;
  b.from("/linux/personality");
  b.call("personality", [PERSONALITY[personality.domain]]);
}
