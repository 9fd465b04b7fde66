// The files of a cgroup as numbers: runc's types/events.go as far as cgroup v2 has them. Pure; a file that is not there
// counts nothing.

import { lines } from "../../lines.ts";

/** All of the file, undefined if there is none. */
export type StatFile = (name: string) => string | undefined;

export interface MemoryEntry {
  readonly usage: bigint;
  /** UNLIMITED where there is none; 0 where nobody counts. */
  readonly limit: bigint;
  /** The most that has been used. */
  readonly max: bigint;
}

export interface DeviceEntry {
  readonly major: bigint;
  readonly minor: bigint;
  readonly op: "Read" | "Write";
  readonly value: bigint;
}

export interface PressureLine {
  readonly avg10: number;
  readonly avg60: number;
  readonly avg300: number;
  /** Microseconds. */
  readonly total: bigint;
}

export interface Pressure {
  readonly some: PressureLine;
  readonly full: PressureLine;
}

export interface Stats {
  /** Nanoseconds. */
  readonly cpu: { readonly total: bigint; readonly kernel: bigint; readonly user: bigint };
  /** Numbers of periods, and nanoseconds. */
  readonly throttling: {
    readonly periods: bigint;
    readonly throttledPeriods: bigint;
    readonly throttledTime: bigint;
  };
  readonly memory: MemoryEntry;
  /** Memory and swap together, as cgroup v1 counts. */
  readonly swap: MemoryEntry;
  readonly memoryStat: ReadonlyMap<string, bigint>;
  readonly pids: { readonly current: bigint; readonly limit: bigint };
  readonly ioBytes: readonly DeviceEntry[];
  readonly ioOperations: readonly DeviceEntry[];
  readonly hugetlb: readonly { readonly size: string; readonly usage: bigint; readonly failcnt: bigint }[];
  readonly pressure: Readonly<Record<"cpu" | "memory" | "io", Pressure | undefined>>;
}

/** What Go makes of `max`. */
export const UNLIMITED = 0xffffffffffffffffn;

/** @param pageSizes of the huge pages that are counted: `2MB` */
export function parseStats(file: StatFile, pageSizes: readonly string[]): Stats {
  const cpu = parseKeys(file("cpu.stat"));
  const nanoseconds = (key: string) => (cpu.get(key) ?? 0n) * 1000n;
  const memory = parseMemory(file, "memory");
  const io = parseIo(file("io.stat"));
  return {
    cpu: {
      total: nanoseconds("usage_usec"),
      kernel: nanoseconds("system_usec"),
      user: nanoseconds("user_usec"),
    },
    throttling: {
      periods: cpu.get("nr_periods") ?? 0n,
      throttledPeriods: cpu.get("nr_throttled") ?? 0n,
      throttledTime: nanoseconds("throttled_usec"),
    },
    memory,
    swap: together(memory, parseMemory(file, "memory.swap")),
    memoryStat: parseKeys(file("memory.stat")),
    pids: parsePids(file),
    ioBytes: select(io, { rbytes: "Read", wbytes: "Write" }),
    ioOperations: select(io, { rios: "Read", wios: "Write" }),
    hugetlb: pageSizes.map((size) => ({
      size,
      usage: number(file(`hugetlb.${size}.rsvd.current`) ?? file(`hugetlb.${size}.current`)),
      failcnt: parseKeys(file(`hugetlb.${size}.events`)).get("max") ?? 0n,
    })),
    pressure: {
      cpu: parsePressure(file("cpu.pressure")),
      memory: parsePressure(file("memory.pressure")),
      io: parsePressure(file("io.pressure")),
    },
  };
}

/** `oom_kill` of memory.events: how many processes the kernel has killed for want of memory. */
export function parseOomKills(memoryEvents: string | undefined): bigint {
  return parseKeys(memoryEvents).get("oom_kill") ?? 0n;
}

function number(text = "0"): bigint {
  const word = text.trim();
  return word === "max" ? UNLIMITED : BigInt(word);
}

/** A key and a number on each line. */
function parseKeys(text: string | undefined): ReadonlyMap<string, bigint> {
  return new Map(
    lines(text).map((line) => {
      const [key = "", value] = line.split(" ", 2);
      return [key, number(value)];
    }),
  );
}

function parseMemory(file: StatFile, name: "memory" | "memory.swap"): MemoryEntry {
  const current = file(`${name}.current`);
  if (current === undefined) return { usage: 0n, limit: 0n, max: 0n };
  return { usage: number(current), limit: number(file(`${name}.max`)), max: number(file(`${name}.peak`)) };
}

/** The most of both was not at the same moment. */
function together(memory: MemoryEntry, swap: MemoryEntry): MemoryEntry {
  const limit = memory.limit + swap.limit;
  return { usage: memory.usage + swap.usage, limit: limit > UNLIMITED ? UNLIMITED : limit, max: 0n };
}

/** No limit is 0 here. Without the controller processes are counted, as far as they are in the cgroup itself. */
function parsePids(file: StatFile): Stats["pids"] {
  const current = file("pids.current");
  if (current === undefined) return { current: BigInt(lines(file("cgroup.procs")).length), limit: 0n };
  const limit = number(file("pids.max"));
  return { current: number(current), limit: limit === UNLIMITED ? 0n : limit };
}

type IoLine = readonly [
  major: bigint,
  minor: bigint,
  values: readonly (readonly [key: string, value: bigint])[],
];

/** `8:0 rbytes=1 wbytes=2 ...`. A device without a number in front is one that is gone. */
function parseIo(text: string | undefined): readonly IoLine[] {
  return lines(text).flatMap((line) => {
    const [device = "", ...values] = line.split(" ").filter((word) => word !== "");
    const [major, minor, more] = device.split(":");
    if (major === undefined || minor === undefined || more !== undefined) return [];
    const pairs = values.map((pair) => pair.split("=")).filter((pair) => pair.length === 2);
    const numbers = pairs.filter(([, value = ""]) => isDigits(value));
    return [
      [
        BigInt(major),
        BigInt(minor),
        numbers.map(([key = "", value = ""]) => [key, BigInt(value)] as const),
      ] as const,
    ];
  });
}

/** Costs and latencies of the controllers for I/O have other forms. */
function isDigits(text: string): boolean {
  return text !== "" && [...text].every((char) => char >= "0" && char <= "9");
}

function select(
  io: readonly IoLine[],
  operations: Readonly<Record<string, "Read" | "Write">>,
): readonly DeviceEntry[] {
  return io.flatMap(([major, minor, values]) =>
    values.flatMap(([key, value]) => {
      const op = operations[key];
      return op === undefined ? [] : [{ major, minor, op, value }];
    }),
  );
}

/** `some avg10=0.00 avg60=0.00 avg300=0.00 total=0`, and `full` the same. Older kernels have no `full` for the CPU. */
function parsePressure(text: string | undefined): Pressure | undefined {
  if (text === undefined) return undefined;
  const line = (kind: string): PressureLine => {
    const words = lines(text).find((candidate) => candidate.startsWith(`${kind} `)) ?? "";
    const value = (key: string) =>
      words
        .split(" ")
        .find((word) => word.startsWith(`${key}=`))
        ?.slice(key.length + 1) ?? "0";
    return {
      avg10: Number(value("avg10")),
      avg60: Number(value("avg60")),
      avg300: Number(value("avg300")),
      total: BigInt(value("total")),
    };
  };
  return { some: line("some"), full: line("full") };
}
