// `process.execCPUAffinity`: CPUs as the bit mask of sched_setaffinity(2).

import { type Builder, data } from "../program/builder.ts";
import { parseIdList } from "../spec/id_list.ts";

/** A multiple of eight bytes, as the kernel counts them. */
export function affinityMask(list: string): Uint8Array {
  const ranges = parseIdList(list) ?? [];
  const last = ranges.reduce((most, range) => Math.max(most, range[1]), 0);
  const mask = new Uint8Array((Math.floor(last / 64) + 1) * 8);
  for (const [first, end] of ranges) {
    for (let cpu = first; cpu <= end; cpu++) mask[cpu >> 3] = (mask[cpu >> 3] ?? 0) | (1 << (cpu & 7));
  }
  return mask;
}

/** After the process has come into its cgroup, whose CPUs are all that it may have. */
export function compileAffinity(b: Builder, list: string | undefined): void {
  if (list === undefined) return;
  const mask = affinityMask(list);
  b.from("/process/execCPUAffinity/final");
  b.call("sched_setaffinity", [0, mask.length, data(mask, "cpu_set")]);
}
