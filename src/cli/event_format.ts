// Events as lines of JSON, to the byte as runc writes them: what Go calls empty is left out of some fields and not of
// others, and numbers have all of their 64 bits.

import type { DeviceEntry, MemoryEntry, Pressure, Stats } from "../cgroups/stats/parse.ts";

type Value = bigint | number | string | null | readonly Value[] | Fields;
type Fields = { readonly [name: string]: Value | undefined };

/** What cgroup v2 does not count, and runc prints all the same. */
const CPUSET = {
  cpu_exclusive: 0,
  mem_hardwall: 0,
  mem_exclusive: 0,
  memory_migrate: 0,
  memory_spread_page: 0,
  memory_spread_slab: 0,
  memory_pressure: 0,
  sched_load_balance: 0,
  sched_relax_domain_level: 0,
};

const NONE: MemoryEntry = { usage: 0n, limit: 0n, max: 0n };

export function formatOom(id: string): string {
  return `${json({ type: "oom", id })}\n`;
}

export function formatStats(id: string, stats: Stats): string {
  const { pids, hugetlb, pressure } = stats;
  const data: Fields = {
    cpu: cpu(stats),
    cpuset: CPUSET,
    memory: memory(stats),
    pids: { current: some(pids.current), limit: some(pids.limit) },
    blkio: {
      ioServiceBytesRecursive: devices(stats.ioBytes),
      ioServicedRecursive: devices(stats.ioOperations),
      psi: psi(pressure.io),
    },
    hugetlb: Object.fromEntries(
      hugetlb.map(({ size, usage, failcnt }) => [size, { usage: some(usage), failcnt }]),
    ),
    intel_rdt: {},
    network_interfaces: null,
  };
  return `${json({ type: "stats", id, data })}\n`;
}

function cpu({ cpu: { total, kernel, user }, throttling, pressure }: Stats): Fields {
  return {
    usage: { total: some(total), kernel, user },
    throttling: {
      periods: some(throttling.periods),
      throttledPeriods: some(throttling.throttledPeriods),
      throttledTime: some(throttling.throttledTime),
    },
    psi: psi(pressure.cpu),
  };
}

function memory({ memory: usage, swap, memoryStat, pressure }: Stats): Fields {
  const raw = [...memoryStat].toSorted(([a], [b]) => (a < b ? -1 : 1));
  return {
    cache: some(memoryStat.get("file") ?? 0n),
    usage: memoryEntry(usage),
    swap: memoryEntry(swap),
    kernel: memoryEntry(NONE),
    kernelTCP: memoryEntry(NONE),
    raw: raw.length === 0 ? undefined : Object.fromEntries(raw),
    psi: psi(pressure.memory),
  };
}

function memoryEntry({ limit, usage, max }: MemoryEntry): Fields {
  return { limit, usage: some(usage), max: some(max), failcnt: 0 };
}

function devices(entries: readonly DeviceEntry[]): readonly Fields[] | undefined {
  if (entries.length === 0) return undefined;
  return entries.map(({ major, minor, op, value }) => ({
    major: some(major),
    minor: some(minor),
    op,
    value: some(value),
  }));
}

function psi(pressure: Pressure | undefined): Fields | undefined {
  return pressure && { some: { ...pressure.some }, full: { ...pressure.full } };
}

/** `omitempty` of Go. */
function some(value: bigint): bigint | undefined {
  return value === 0n ? undefined : value;
}

/** JSON.stringify has no bigints. */
function json(value: Value): string {
  if (typeof value === "bigint") return String(value);
  if (value === null || typeof value !== "object") return JSON.stringify(value);
  if (isList(value)) return `[${value.map(json).join(",")}]`;
  const fields = Object.entries(value).flatMap(([name, field]) =>
    field === undefined ? [] : [`${JSON.stringify(name)}:${json(field)}`],
  );
  return `{${fields.join(",")}}`;
}

function isList(value: readonly Value[] | Fields): value is readonly Value[] {
  return Array.isArray(value);
}
