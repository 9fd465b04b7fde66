// linux.resources.cpu: shares, bandwidth and the sets of CPUs and memory nodes. Times are microseconds.

import type { LinuxCPU } from "../../spec/types.ts";
import type { Limit } from "./limit.ts";

/** The kernel's default of cpu.max. */
const PERIOD = 100_000n;

export function compileCpu(cpu: LinuxCPU, pointer: string): readonly Limit[] {
  return [...compileWeight(cpu, pointer), ...compileBandwidth(cpu, pointer)];
}

export function compileCpuset({ cpus = "", mems = "" }: LinuxCPU, pointer: string): readonly Limit[] {
  return [
    { file: "cpuset.cpus", value: cpus, pointer: `${pointer}/cpus` },
    { file: "cpuset.mems", value: mems, pointer: `${pointer}/mems` },
  ].filter(({ value }) => value !== "");
}

/** An idle cgroup has no weight, and the kernel refuses one: idle is ended before a weight is written. */
function compileWeight({ shares = 0n, idle }: LinuxCPU, pointer: string): readonly Limit[] {
  const ofIdle = { file: "cpu.idle", value: String(idle), pointer: `${pointer}/idle` };
  if (idle === 1) return [ofIdle];
  const weight = weightOf(shares);
  return [
    ...(idle === undefined ? [] : [{ ...ofIdle, optional: true }]),
    ...(weight === undefined
      ? []
      : [{ file: "cpu.weight", value: String(weight), pointer: `${pointer}/shares` }]),
  ];
}

/**
 * cpu.weight, 1 to 10000, of the shares of version 1, 2 to 262144: a curve through the least, the default (1024 is
 * 100) and the greatest. The straight line that runtimes used before 2025 gave the default a weight of 39.
 *
 * @returns undefined for 0, "not set"
 */
export function weightOf(shares: bigint): number | undefined {
  if (shares === 0n) return undefined;
  if (shares <= 2n) return 1;
  if (shares >= 262144n) return 10000;
  const log = Math.log2(Number(shares));
  const weight = 10 ** ((log * log + 125 * log) / 612 - 7 / 34);
  // Only 1024 has a whole number as its weight, and no library of mathematics may make 101 of 100.
  return Math.ceil(weight - 1e-9);
}

function compileBandwidth({ quota = 0n, period = 0n, burst }: LinuxCPU, pointer: string): readonly Limit[] {
  const file = "cpu.max.burst";
  const ofBurst = { file, pointer: `${pointer}/burst`, value: String(burst), optional: burst === 0n };
  if (quota === 0n && period === 0n) return burst === undefined ? [] : [ofBurst];
  const limit: Limit = {
    file: "cpu.max",
    value: `${quota > 0n ? quota : "max"} ${period === 0n ? PERIOD : period}`,
    pointer: `${pointer}/${quota === 0n ? "period" : "quota"}`,
    optional: quota <= 0n,
  };
  if (burst === undefined) return [limit];
  // The kernel wants a burst within the quota at any moment, also between the old pair and the new one.
  const none = { ...ofBurst, value: "0", optional: true };
  return burst === 0n ? [none, limit] : [none, limit, ofBurst];
}
