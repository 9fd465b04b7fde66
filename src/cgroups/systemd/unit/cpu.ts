// CPU time and CPUs as properties of a unit: systemd.resource-control(5).

import { RuntError } from "../../../error.ts";
import { parseIdList } from "../../../spec/id_list.ts";
import type { LinuxCPU } from "../../../spec/types.ts";
import { weightOf } from "../../resources/cpu.ts";
import { INFINITY } from "../dbus/value.ts";
import { type Property, property } from "./property.ts";

const DEFAULT_PERIOD = 100_000n;
const SECOND = 1_000_000n;
/** systemd keeps a quota as whole percents of a CPU. */
const PERCENT = 10_000n;

/** First versions of systemd with: CPUWeight=idle, CPUQuotaPeriodSec=, AllowedCPUs=. */
const [V_IDLE, V_PERIOD, V_CPUSET] = [252, 242, 244];

export function cpuProperties(cpu: LinuxCPU): readonly Property[] {
  const { shares = 0n, quota = 0n, period = 0n, idle, cpus = "", mems = "" } = cpu;
  const ofShares = weightOf(shares);
  return [
    ...(ofShares === undefined ? [] : [weight(BigInt(ofShares))]),
    ...(idle === 1 ? [idleWeight()] : []),
    ...quotaProperties(quota, period),
    ...(cpus === "" ? [] : [idSet("AllowedCPUs", cpus, "/linux/resources/cpu/cpus")]),
    ...(mems === "" ? [] : [idSet("AllowedMemoryNodes", mems, "/linux/resources/cpu/mems")]),
  ];
}

export function weight(value: bigint): Property {
  return property("CPUWeight", "t", value);
}

/** The weight of 0 is what systemd calls idle. */
export function idleWeight(): Property {
  return property("CPUWeight", "t", 0n, V_IDLE);
}

/**
 * @param quota microseconds in a period; 0: not set, below 0: unlimited
 * @param period in microseconds; 0: not set
 */
export function quotaProperties(quota: bigint, period: bigint): readonly Property[] {
  if (quota === 0n && period === 0n) return [];
  return [
    ...(period === 0n ? [] : [property("CPUQuotaPeriodUSec", "t", period, V_PERIOD)]),
    property("CPUQuotaPerSecUSec", "t", quota > 0n ? perSecond(quota, period || DEFAULT_PERIOD) : INFINITY),
  ];
}

/** Rounded up: less than the quota that was asked for would be refused to cgroups below. */
function perSecond(quota: bigint, period: bigint): bigint {
  const step = period * PERCENT;
  const percents = (quota * SECOND + step - 1n) / step;
  const result = percents * PERCENT;
  return result < INFINITY ? result : INFINITY;
}

/** A bit for each number, the lowest one first. */
export function idSet(name: "AllowedCPUs" | "AllowedMemoryNodes", list: string, pointer: string): Property {
  const ranges = parseIdList(list) ?? [];
  if (ranges.length === 0)
    throw new RuntError({ pointer, what: `found ${JSON.stringify(list)}, expected a list such as 0-3,7` });
  const bytes = new Uint8Array(Math.floor(Math.max(...ranges.map(([, last]) => last)) / 8) + 1);
  for (const [first, last] of ranges) {
    for (let id = first; id <= last; id++) bytes[id >> 3] = (bytes[id >> 3] ?? 0) | (1 << (id & 7));
  }
  return property(name, "ay", bytes, V_CPUSET);
}
