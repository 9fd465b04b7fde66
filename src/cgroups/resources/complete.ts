// What an update says about limits that depend on each other, completed with what was said about the other one before:
// a swap limit counts memory in, a quota belongs to a period.

import { reject } from "../../spec/check.ts";
import type { LinuxCPU, LinuxMemory, LinuxResources } from "../../spec/types.ts";

/** Of all that was asked for, the part that a later update may need. */
export interface Remembered {
  readonly memory: Pick<LinuxMemory, "limit" | "swap" | "checkBeforeUpdate">;
  readonly cpu: Pick<LinuxCPU, "shares" | "idle" | "quota" | "period" | "burst">;
}

/** 0 is "not set" in all of these but `idle` and `burst`, and engines write it for what is to stay as it is. */
function set(value: bigint | undefined): bigint | undefined {
  return value === 0n ? undefined : value;
}

/** The newer value of each field, where there is one. */
export function remember({ memory = {}, cpu = {} }: LinuxResources, before: LinuxResources): Remembered {
  const { memory: oldMemory = {}, cpu: oldCpu = {} } = before;
  const limit = set(memory.limit) ?? oldMemory.limit;
  return {
    memory: defined({
      limit,
      // Version 1 took the limit of both away together.
      swap: set(memory.swap) ?? (memory.limit === -1n ? -1n : oldMemory.swap),
      checkBeforeUpdate: memory.checkBeforeUpdate ?? oldMemory.checkBeforeUpdate,
    }),
    cpu: defined({
      shares: set(cpu.shares) ?? oldCpu.shares,
      idle: cpu.idle ?? oldCpu.idle,
      quota: set(cpu.quota) ?? oldCpu.quota,
      period: set(cpu.period) ?? oldCpu.period,
      burst: cpu.burst ?? oldCpu.burst,
    }),
  };
}

/** @throws RuntError where a burst would be above its quota, with a pointer into `update` */
export function completeUpdate(update: LinuxResources, remembered: Remembered): LinuxResources {
  const { memory, cpu } = update;
  return {
    ...update,
    ...(memory && { memory: completeMemory(memory, remembered.memory) }),
    ...(cpu && { cpu: completeCpu(cpu, remembered.cpu) }),
  };
}

function completeMemory(memory: LinuxMemory, remembered: Remembered["memory"]): LinuxMemory {
  return set(memory.limit) === undefined && set(memory.swap) === undefined
    ? memory
    : { ...memory, ...remembered };
}

function completeCpu(cpu: LinuxCPU, { shares, idle, quota, period, burst }: Remembered["cpu"]): LinuxCPU {
  // The kernel resets the weight of a cgroup that is idle no more, and gives none to one that is.
  const weight = set(cpu.shares) === undefined && cpu.idle === undefined ? {} : { shares, idle };
  const isBandwidth = set(cpu.quota) !== undefined || set(cpu.period) !== undefined;
  const bandwidth = isBandwidth ? { quota, period, burst } : {};
  if (
    quota !== undefined &&
    quota > 0n &&
    (burst ?? 0n) > quota &&
    (isBandwidth || cpu.burst !== undefined)
  ) {
    reject(cpu.burst === undefined ? "/cpu/quota" : "/cpu/burst", `burst ${burst} is above quota ${quota}`);
  }
  return { ...cpu, ...defined({ ...weight, ...bandwidth }) };
}

type Defined<T> = { readonly [K in keyof T]?: Exclude<T[K], undefined> };

function defined<T extends object>(fields: T): Defined<T> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as Defined<T>;
}

/** As JSON for parseResources, with all digits. */
export function formatRemembered({ memory, cpu }: Remembered): string {
  const object = (fields: object) =>
    `{${Object.entries(fields)
      .map(([name, value]) => `"${name}":${value}`)
      .join(",")}}`;
  return `{"memory":${object(memory)},"cpu":${object(cpu)}}`;
}
