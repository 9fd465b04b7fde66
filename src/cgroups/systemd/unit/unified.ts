// Files of `linux.resources.unified` that systemd has a property for, and would overwrite if it did not know.

import { quote } from "../../../quote.ts";
import type { StringMap } from "../../../spec/types.ts";
import { INFINITY } from "../dbus/value.ts";
import { idleWeight, idSet, quotaProperties, weight } from "./cpu.ts";
import { type Property, property, rejectProperty } from "./property.ts";

type Convert = (value: string, pointer: string) => readonly Property[];

/** First versions of systemd with: OOMPolicy= of scopes, MemoryZSwapMax=. */
const V_OOM_AND_ZSWAP = 253;

const FILES: Readonly<Record<string, Convert>> = {
  "cpu.max": cpuMax,
  "cpu.weight": (value, pointer) => [weight(number(value, pointer))],
  "cpu.idle": (value) => (value === "1" ? [idleWeight()] : []),
  "cpuset.cpus": (value, pointer) => (value === "" ? [] : [idSet("AllowedCPUs", value, pointer)]),
  "cpuset.mems": (value, pointer) => (value === "" ? [] : [idSet("AllowedMemoryNodes", value, pointer)]),
  "io.weight": ioWeight,
  "memory.min": (value, pointer) => [property("MemoryMin", "t", size(value, pointer))],
  "memory.low": (value, pointer) => [property("MemoryLow", "t", size(value, pointer))],
  "memory.high": (value, pointer) => [property("MemoryHigh", "t", size(value, pointer))],
  "memory.max": (value, pointer) => [property("MemoryMax", "t", size(value, pointer))],
  "memory.swap.max": (value, pointer) => [property("MemorySwapMax", "t", size(value, pointer))],
  "memory.zswap.max": (value, pointer) => [
    property("MemoryZSwapMax", "t", size(value, pointer), V_OOM_AND_ZSWAP),
  ],
  "memory.oom.group": oomGroup,
  "pids.max": (value, pointer) => [property("TasksMax", "t", value === "0" ? 1n : size(value, pointer))],
};

export function unifiedProperties(unified: StringMap<string>): readonly Property[] {
  // cpu.idle wins over cpu.weight, as in the kernel, where a group that is idle has no weight.
  const names = Object.keys(FILES).filter((name) => Object.hasOwn(unified, name));
  const ordered = names.toSorted((a, b) => Number(a === "cpu.idle") - Number(b === "cpu.idle"));
  return ordered.flatMap(
    (name) => FILES[name]?.(unified[name]?.trim() ?? "", `/linux/resources/unified/${name}`) ?? [],
  );
}

/** `$MAX $PERIOD`, both in microseconds; the period may be left out, and the quota may be `max`. */
function cpuMax(value: string, pointer: string): readonly Property[] {
  const [quota = "", period, ...more] = value.split(/[ \t]+/);
  if (more.length > 0) wrong(value, pointer, "a quota and a period");
  const limit = quota === "max" ? -1n : number(quota, pointer);
  return quotaProperties(limit, period === undefined ? 0n : number(period, pointer));
}

/** `100` or `default 100`; lines of devices are systemd's business as little as ours. */
function ioWeight(value: string, pointer: string): readonly Property[] {
  const line = value.split("\n").find((text) => /^(default[ \t]+)?[^ \t:]+$/.test(text.trim()));
  if (line === undefined) return [];
  return [property("IOWeight", "t", number(line.trim().replace(/^default[ \t]+/, ""), pointer))];
}

function oomGroup(value: string, pointer: string): readonly Property[] {
  const policy = value === "1" ? "kill" : value === "0" ? "continue" : wrong(value, pointer, "0 or 1");
  return [property("OOMPolicy", "s", policy, V_OOM_AND_ZSWAP)];
}

const SUFFIXES = "KMGTPE";

/** The kernel's memparse(): a number of bytes, with a suffix for a power of 1024, or `max`. */
function size(value: string, pointer: string): bigint {
  if (value === "max") return INFINITY;
  const [, digits, suffix = ""] = /^([0-9]+)([KMGTPEkmgtpe]?)$/.exec(value) ?? [];
  if (digits === undefined) wrong(value, pointer, "a number of bytes, or max");
  const power = suffix === "" ? 0 : SUFFIXES.indexOf(suffix.toUpperCase()) + 1;
  const bytes = BigInt(digits) << BigInt(10 * power);
  return bytes < INFINITY ? bytes : INFINITY;
}

function number(value: string, pointer: string): bigint {
  if (!/^[0-9]{1,19}$/.test(value)) wrong(value, pointer, "a number");
  return BigInt(value);
}

function wrong(value: string, pointer: string, expected: string): never {
  rejectProperty(pointer, `found ${quote(value, 100)}, expected ${expected}`);
}
