// linux.resources.memory: bytes, where -1 is `max` and 0 is "not set". The spec counts memory and swap together,
// cgroup v2 counts swap alone.

import { reject } from "../../spec/check.ts";
import type { LinuxMemory } from "../../spec/types.ts";
import type { Limit } from "./limit.ts";

/** @throws RuntError where swap cannot be told from memory */
export function compileMemory(memory: LinuxMemory, pointer: string): readonly Limit[] {
  const { limit = 0n, reservation = 0n } = memory;
  return [
    ...bytes("memory.swap.max", swapAlone(memory, pointer), `${pointer}/swap`),
    ...bytes("memory.max", limit === 0n ? undefined : limit, `${pointer}/limit`),
    ...bytes("memory.low", reservation === 0n ? undefined : reservation, `${pointer}/reservation`),
  ];
}

function bytes(file: string, value: bigint | undefined, pointer: string): readonly Limit[] {
  if (value === undefined) return [];
  if (value < 0n) return [{ file, value: "max", pointer, optional: true }];
  // A kernel without swap has no memory.swap.max, and no swap.
  return [{ file, value: String(value), pointer, ...(value === 0n && { optional: true }) }];
}

/** The limit of swap without memory, -1 for none; undefined if nothing is said about it. */
export function swapAlone({ limit = 0n, swap = 0n }: LinuxMemory, pointer: string): bigint | undefined {
  // Version 1 took the limit of both away together.
  if (swap === 0n) return limit < 0n ? limit : undefined;
  if (swap < 0n || limit < 0n) return swap;
  if (limit === 0n) {
    reject(`${pointer}/swap`, "unable to set swap limit without memory limit", {
      hint: "the limit is one of memory and swap together: say how much of it is memory",
    });
  }
  if (swap < limit) reject(`${pointer}/swap`, `memory+swap limit ${swap} should be >= memory limit ${limit}`);
  return swap - limit;
}

/** What the usage must be below: memory.checkBeforeUpdate. */
export interface UsageCheck {
  readonly limit: bigint;
  readonly what: string;
  readonly pointer: string;
}

/**
 * Version 2 kills where version 1 refused; `checkBeforeUpdate` asks for the latter. The usage is that of
 * memory.current, for both limits.
 */
export function compileUsageChecks(memory: LinuxMemory, pointer: string): readonly UsageCheck[] {
  if (!memory.checkBeforeUpdate) return [];
  const { limit = 0n, swap = 0n } = memory;
  return [
    { limit: swap, what: "memory+swap limit", pointer: `${pointer}/swap` },
    { limit, what: "memory limit", pointer: `${pointer}/limit` },
  ].filter((check) => check.limit > 0n);
}
