// From the text of a cgroup's files to the line that `events` prints.

import { describe, expect, test } from "vitest";
import { parseOomKills, parseStats } from "../../../src/cgroups/stats/parse.ts";
import { parseInterval } from "../../../src/cli/duration.ts";
import { formatOom, formatStats } from "../../../src/cli/event_format.ts";

type Files = Readonly<Record<string, string>>;

function line(files: Files, sizes: readonly string[] = []): string {
  return formatStats(
    "one",
    parseStats((name) => files[name], sizes),
  );
}

/** The data of the event, in which numbers that a double cannot hold are rounded. */
function data(files: Files, sizes: readonly string[] = []) {
  return JSON.parse(line(files, sizes)).data;
}

const NO_MEMORY =
  '"usage":{"limit":0,"failcnt":0},"swap":{"limit":0,"failcnt":0},"kernel":{"limit":0,"failcnt":0},"kernelTCP":{"limit":0,"failcnt":0}';
const CPUSET =
  '"cpuset":{"cpu_exclusive":0,"mem_hardwall":0,"mem_exclusive":0,"memory_migrate":0,"memory_spread_page":0,"memory_spread_slab":0,"memory_pressure":0,"sched_load_balance":0,"sched_relax_domain_level":0}';

const FULL: Files = {
  "cpu.stat":
    "usage_usec 14458\nuser_usec 2878\nsystem_usec 11580\nnice_usec 0\nnr_periods 3\nnr_throttled 2\nthrottled_usec 7\nnr_bursts 0\nburst_usec 0\n",
  "cpu.pressure": "some avg10=1.50 avg60=0.25 avg300=0.01 total=1234\n",
  "memory.current": "1000\n",
  "memory.max": "67108864\n",
  "memory.peak": "2000\n",
  "memory.swap.current": "50\n",
  "memory.swap.max": "33554432\n",
  "memory.swap.peak": "60\n",
  "memory.stat": "anon 600\nfile 300\nkernel 18446744073709551615\n",
  "memory.pressure":
    "some avg10=0.00 avg60=0.00 avg300=0.00 total=1\nfull avg10=0.00 avg60=0.00 avg300=12.34 total=2\n",
  "pids.current": "5\n",
  "pids.max": "100\n",
  "io.stat":
    "8:16 rbytes=1 wbytes=2 rios=3 wios=4 dbytes=5 dios=6\n7:0 \n253:0 rbytes=0 wbytes=9 rios=0 wios=1\n",
  "hugetlb.2MB.rsvd.current": "4194304\n",
  "hugetlb.2MB.current": "2097152\n",
  "hugetlb.2MB.events": "max 3\n",
};

describe("the line of events", () => {
  test("of a cgroup without controllers is that of runc to the byte", () => {
    const files = {
      "cpu.stat": "usage_usec 14458\nuser_usec 2878\nsystem_usec 11580\n",
      "cgroup.procs": "2621\n",
      "hugetlb.1GB.current": "0\n",
      "hugetlb.1GB.events": "max 0\n",
      "hugetlb.2MB.current": "0\n",
      "hugetlb.2MB.events": "max 0\n",
    };
    expect(line(files, ["1GB", "2MB"])).toBe(
      `{"type":"stats","id":"one","data":{"cpu":{"usage":{"total":14458000,"kernel":11580000,"user":2878000},"throttling":{}},${CPUSET},"memory":{${NO_MEMORY}},"pids":{"current":1},"blkio":{},"hugetlb":{"1GB":{"failcnt":0},"2MB":{"failcnt":0}},"intel_rdt":{},"network_interfaces":null}}\n`,
    );
  });

  test("of no files at all has the fields that are never left out", () => {
    expect(line({})).toBe(
      `{"type":"stats","id":"one","data":{"cpu":{"usage":{"kernel":0,"user":0},"throttling":{}},${CPUSET},"memory":{${NO_MEMORY}},"pids":{},"blkio":{},"hugetlb":{},"intel_rdt":{},"network_interfaces":null}}\n`,
    );
  });

  test("of a cgroup with all controllers", () => {
    expect(data(FULL, ["2MB"])).toMatchObject({
      cpu: {
        usage: { total: 14458000, kernel: 11580000, user: 2878000 },
        throttling: { periods: 3, throttledPeriods: 2, throttledTime: 7000 },
        psi: {
          some: { avg10: 1.5, avg60: 0.25, avg300: 0.01, total: 1234 },
          full: { avg10: 0, avg60: 0, avg300: 0, total: 0 },
        },
      },
      memory: {
        cache: 300,
        usage: { limit: 67108864, usage: 1000, max: 2000, failcnt: 0 },
        swap: { limit: 100663296, usage: 1050, failcnt: 0 },
        psi: { some: { total: 1 }, full: { avg300: 12.34, total: 2 } },
      },
      pids: { current: 5, limit: 100 },
      blkio: {
        ioServiceBytesRecursive: [
          { major: 8, minor: 16, op: "Read", value: 1 },
          { major: 8, minor: 16, op: "Write", value: 2 },
          { major: 253, op: "Read" },
          { major: 253, op: "Write", value: 9 },
        ],
        ioServicedRecursive: [
          { major: 8, minor: 16, op: "Read", value: 3 },
          { major: 8, minor: 16, op: "Write", value: 4 },
          { major: 253, op: "Read" },
          { major: 253, op: "Write", value: 1 },
        ],
      },
      hugetlb: { "2MB": { usage: 4194304, failcnt: 3 } },
    });
  });

  test("has all digits, and memory.stat sorted by name", () => {
    expect(line(FULL)).toContain('"raw":{"anon":600,"file":300,"kernel":18446744073709551615}');
  });

  test.each([
    ["max", "max", "18446744073709551615", "18446744073709551615"],
    ["max", "0", "18446744073709551615", "18446744073709551615"],
    ["max", "5", "18446744073709551615", "18446744073709551615"],
    ["7", "max", "7", "18446744073709551615"],
    ["7", "5", "7", "12"],
  ])("with memory.max %s and memory.swap.max %s", (memory, swap, ofMemory, ofBoth) => {
    const text = line({
      "memory.current": "1\n",
      "memory.max": `${memory}\n`,
      "memory.swap.current": "0\n",
      "memory.swap.max": `${swap}\n`,
    });
    expect(text).toContain(`"usage":{"limit":${ofMemory},"usage":1,"failcnt":0}`);
    expect(text).toContain(`"swap":{"limit":${ofBoth},"usage":1,"failcnt":0}`);
  });

  test("no limit of processes is none", () => {
    expect(data({ "pids.current": "3\n", "pids.max": "max\n" }).pids).toEqual({ current: 3 });
  });

  test("what io.stat says beside bytes and operations is not counted", () => {
    const text = "8:0 rbytes=4 cost.usage=0 cost.vrate=100.00 use_delay=x\n(unknown) rbytes=4\n";
    expect(data({ "io.stat": text }).blkio).toEqual({
      ioServiceBytesRecursive: [{ major: 8, op: "Read", value: 4 }],
    });
  });

  test("of a process that was killed for want of memory", () => {
    expect(formatOom("one")).toBe('{"type":"oom","id":"one"}\n');
  });
});

test("the kernel's kills are counted in memory.events", () => {
  expect(parseOomKills("low 0\nhigh 0\nmax 9\noom 2\noom_kill 3\noom_group_kill 0\n")).toBe(3n);
  expect(parseOomKills("low 0\n")).toBe(0n);
  expect(parseOomKills(undefined)).toBe(0n);
});

describe("an interval", () => {
  test.each([
    ["5s", 5000],
    ["100ms", 100],
    ["1m30s", 90_000],
    ["1.5h", 5_400_000],
    [".5s", 500],
    ["+2s", 2000],
    ["3us", 1],
  ])("%s", (text, milliseconds) => expect(parseInterval(text)).toBe(milliseconds));

  test.each(["5", "", "s", "5 s", "1x", "1m30", "+", "-"])("%j is refused", (text) => {
    expect(() => parseInterval(text)).toThrow("for flag -interval: parse error");
  });

  test.each(["0", "0s", "-5s"])("%s is too short", (text) => {
    expect(() => parseInterval(text)).toThrow("duration interval must be greater than 0");
  });
});
