// A process that is to work while we do has to be on another processor: the kernel often leaves a new one behind us, where it
// waits until we rest.

import { decode } from "runt:host";
import { words } from "../abi/structs.ts";
import { attempt } from "../kernel/call.ts";

/** Bytes of a cpu_set_t for 1024 processors; the kernel fills as many as it needs. */
const CPU_SET = 128;

export interface Elsewhere {
  /** All processors that we may use but the one that we are on. */
  readonly others: Uint8Array;
  /** What the process needs to be where it may be by itself: all processors, unless we are kept to some. */
  readonly own: Uint8Array;
}

/** Undefined where there is only one processor, or nothing can be known. */
export function elsewhere(): Elsewhere | undefined {
  const before = affinity();
  const place = words(0, 0);
  if (before === undefined || attempt("getcpu", place, null, null) < 0) return undefined;
  const others = before.slice();
  const cpu = (place[0] as number) | ((place[1] as number) << 8);
  if (cpu >= others.length * 8) return undefined;
  others[cpu >> 3] = (others[cpu >> 3] as number) & ~(1 << (cpu & 7));
  if (isSame(others, new Uint8Array(others.length))) return undefined;
  return { others, own: kept(before) };
}

/**
 * The kernel remembers what is asked for (sched_setaffinity(2)), and a cpuset that grows later gives no more than that. So all is
 * asked for, where that comes to the same.
 */
function kept(before: Uint8Array): Uint8Array {
  const all = new Uint8Array(before.length).fill(0xff);
  if (attempt("sched_setaffinity", 0, all.length, all) < 0) return before;
  const now = affinity();
  if (now !== undefined && isSame(now, before)) return all;
  attempt("sched_setaffinity", 0, before.length, before);
  return before;
}

function affinity(): Uint8Array | undefined {
  const set = new Uint8Array(CPU_SET);
  const size = attempt("sched_getaffinity", 0, set.length, set);
  return size > 0 ? set.subarray(0, size) : undefined;
}

function isSame(a: Uint8Array, b: Uint8Array): boolean {
  return decode(a, 0, a.length) === decode(b, 0, b.length);
}
