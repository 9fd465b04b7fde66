// Tables: a part of linux.resources, and what is written to which file.

import { describe, expect, test } from "vitest";
import { compileResources } from "../../../src/cgroups/resources/compile.ts";
import { weightOf } from "../../../src/cgroups/resources/cpu.ts";
import { ioWeight } from "../../../src/cgroups/resources/io.ts";
import { controllerOf, type Limit, neededControllers } from "../../../src/cgroups/resources/limit.ts";
import { parseSpec } from "../../../src/spec/parse.ts";
import type { LinuxResources } from "../../../src/spec/types.ts";

/** Files that need not exist have a question mark, and after a bar comes what is written where there is no such file. */
function written(resources: LinuxResources): readonly string[] {
  return compileResources(resources).limits.map(({ file, value, optional, instead }: Limit) => {
    const other = instead === undefined ? "" : ` | ${instead.file}=${instead.value}`;
    return `${file}${optional ? "?" : ""}=${value}${other}`;
  });
}

type Row = readonly [resources: LinuxResources, files: readonly string[]];

const MAX = 9223372036854775807n;

describe("memory", () => {
  const rows: readonly Row[] = [
    [{ memory: {} }, []],
    [{ memory: { limit: 0n, reservation: 0n, swap: 0n } }, []],
    [{ memory: { limit: 4096n } }, ["memory.max=4096"]],
    [{ memory: { limit: MAX } }, [`memory.max=${MAX}`]],
    [{ memory: { limit: -1n } }, ["memory.swap.max?=max", "memory.max?=max"]],
    [{ memory: { limit: -1n, swap: -1n } }, ["memory.swap.max?=max", "memory.max?=max"]],
    [{ memory: { limit: -1n, swap: 10n } }, ["memory.swap.max=10", "memory.max?=max"]],
    [{ memory: { limit: 10n, swap: -1n } }, ["memory.swap.max?=max", "memory.max=10"]],
    [{ memory: { limit: 10n, swap: 10n } }, ["memory.swap.max?=0", "memory.max=10"]],
    [{ memory: { limit: 10n, swap: 30n } }, ["memory.swap.max=20", "memory.max=10"]],
    [{ memory: { limit: 1n, swap: MAX } }, [`memory.swap.max=${MAX - 1n}`, "memory.max=1"]],
    [{ memory: { swap: -1n } }, ["memory.swap.max?=max"]],
    [{ memory: { reservation: 5n } }, ["memory.low=5"]],
    [{ memory: { reservation: -1n } }, ["memory.low?=max"]],
    [{ memory: { limit: 9n, reservation: 5n } }, ["memory.max=9", "memory.low=5"]],
  ];
  test.each(rows)("%o", (resources, files) => expect(written(resources)).toEqual(files));

  test("refuses a swap limit that it cannot tell from memory", () => {
    expect(() => compileResources({ memory: { swap: 10n } })).toThrow(
      "/linux/resources/memory/swap: unable to set swap limit without memory limit",
    );
    expect(() => compileResources({ memory: { limit: 10n, swap: 9n } })).toThrow(
      "/linux/resources/memory/swap: memory+swap limit 9 should be >= memory limit 10",
    );
  });

  test("is checked against the usage only if asked", () => {
    const memory = { limit: 10n, swap: 20n };
    expect(compileResources({ memory }).usageChecks).toEqual([]);
    expect(compileResources({ memory: { ...memory, checkBeforeUpdate: true } }).usageChecks).toEqual([
      { limit: 20n, what: "memory+swap limit", pointer: "/linux/resources/memory/swap" },
      { limit: 10n, what: "memory limit", pointer: "/linux/resources/memory/limit" },
    ]);
    const none = { limit: -1n, checkBeforeUpdate: true };
    expect(compileResources({ memory: none }).usageChecks).toEqual([]);
  });
});

describe("cpu", () => {
  const rows: readonly Row[] = [
    [{ cpu: {} }, []],
    [{ cpu: { shares: 0n, quota: 0n, period: 0n } }, []],
    [{ cpu: { shares: 1024n } }, ["cpu.weight=100"]],
    [{ cpu: { shares: 18446744073709551615n } }, ["cpu.weight=10000"]],
    [{ cpu: { quota: 50000n } }, ["cpu.max=50000 100000"]],
    [{ cpu: { quota: 50000n, period: 20000n } }, ["cpu.max=50000 20000"]],
    [{ cpu: { quota: -1n } }, ["cpu.max?=max 100000"]],
    [{ cpu: { quota: -1n, period: 5000n } }, ["cpu.max?=max 5000"]],
    [{ cpu: { period: 5000n } }, ["cpu.max?=max 5000"]],
    [{ cpu: { quota: MAX, period: 18446744073709551615n } }, [`cpu.max=${MAX} 18446744073709551615`]],
    [{ cpu: { burst: 7n } }, ["cpu.max.burst=7"]],
    [{ cpu: { burst: 0n } }, ["cpu.max.burst?=0"]],
    [{ cpu: { quota: 9000n, burst: 7n } }, ["cpu.max.burst?=0", "cpu.max=9000 100000", "cpu.max.burst=7"]],
    [{ cpu: { quota: 9000n, burst: 0n } }, ["cpu.max.burst?=0", "cpu.max=9000 100000"]],
    [{ cpu: { idle: 0 } }, ["cpu.idle?=0"]],
    [{ cpu: { idle: 1 } }, ["cpu.idle=1"]],
    [{ cpu: { idle: 0, shares: 2n } }, ["cpu.idle?=0", "cpu.weight=1"]],
    [{ cpu: { idle: 1, shares: 2n } }, ["cpu.idle=1"]],
    [{ cpu: { cpus: "0-3,7", mems: "0" } }, ["cpuset.cpus=0-3,7", "cpuset.mems=0"]],
    [{ cpu: { cpus: "", mems: "" } }, []],
  ];
  test.each(rows)("%o", (resources, files) => expect(written(resources)).toEqual(files));

  test.each([
    [0n, undefined],
    [1n, 1],
    [2n, 1],
    [3n, 2],
    [102n, 17],
    [512n, 59],
    [1023n, 100],
    [1024n, 100],
    [1025n, 101],
    [2000n, 170],
    [2048n, 174],
    [10240n, 639],
    [262143n, 10000],
    [262144n, 10000],
    [262145n, 10000],
    [18446744073709551615n, 10000],
  ])("shares of %d are a weight of %d", (shares, weight) => expect(weightOf(shares)).toBe(weight));

  test("more shares are never less weight", () => {
    let last = 1;
    for (let shares = 2n; shares < 262144n; shares += 61n) {
      const weight = weightOf(shares) ?? 0;
      expect(weight).toBeGreaterThanOrEqual(last);
      last = weight;
    }
  });
});

describe("pids", () => {
  const rows: readonly Row[] = [
    [{ pids: {} }, []],
    [{ pids: { limit: -1n } }, ["pids.max?=max"]],
    [{ pids: { limit: 0n } }, ["pids.max=1"]],
    [{ pids: { limit: 1n } }, ["pids.max=1"]],
    [{ pids: { limit: MAX } }, [`pids.max=${MAX}`]],
  ];
  test.each(rows)("%o", (resources, files) => expect(written(resources)).toEqual(files));
});

describe("blockIO", () => {
  const device = { major: 8, minor: 16 };
  const rows: readonly Row[] = [
    [{ blockIO: { weight: 0 } }, []],
    [{ blockIO: { weight: 10 } }, ["io.bfq.weight=10 | io.weight=1"]],
    [{ blockIO: { weight: 1000 } }, ["io.bfq.weight=1000 | io.weight=10000"]],
    [
      { blockIO: { weightDevice: [{ ...device, weight: 500 }] } },
      ["io.bfq.weight=8:16 500 | io.weight=8:16 4950"],
    ],
    [{ blockIO: { weightDevice: [{ ...device, leafWeight: 500 }] } }, []],
    [{ blockIO: { throttleReadBpsDevice: [{ ...device, rate: 600n }] } }, ["io.max=8:16 rbps=600"]],
    [{ blockIO: { throttleWriteBpsDevice: [{ ...device, rate: 600n }] } }, ["io.max=8:16 wbps=600"]],
    [{ blockIO: { throttleReadIOPSDevice: [{ ...device, rate: 600n }] } }, ["io.max=8:16 riops=600"]],
    [
      { blockIO: { throttleWriteIOPSDevice: [{ ...device, rate: 18446744073709551615n }] } },
      ["io.max=8:16 wiops=18446744073709551615"],
    ],
    [{ blockIO: { throttleReadBpsDevice: [{ ...device, rate: 0n }] } }, ["io.max?=8:16 rbps=max"]],
  ];
  test.each(rows)("%o", (resources, files) => expect(written(resources)).toEqual(files));

  test.each([
    [1, 1],
    [9, 1],
    [10, 1],
    [100, 910],
    [500, 4950],
    [1000, 10000],
  ])("a weight of %d is an io.weight of %d", (weight, expected) => expect(ioWeight(weight)).toBe(expected));
});

describe("hugetlb, rdma and unified", () => {
  const rows: readonly Row[] = [
    [
      { hugepageLimits: [{ pageSize: "2MB", limit: 18446744073709551615n }] },
      ["hugetlb.2MB.max=18446744073709551615", "hugetlb.2MB.rsvd.max?=18446744073709551615"],
    ],
    [{ hugepageLimits: [{ pageSize: "1GB", limit: 0n }] }, ["hugetlb.1GB.max=0", "hugetlb.1GB.rsvd.max?=0"]],
    [{ rdma: { mlx5_1: { hcaHandles: 3, hcaObjects: 0 } } }, ["rdma.max=mlx5_1 hca_handle=3 hca_object=0"]],
    [
      { rdma: { a: { hcaObjects: 10000 }, b: { hcaHandles: 4294967295 } } },
      ["rdma.max=a hca_object=10000", "rdma.max=b hca_handle=4294967295"],
    ],
    [
      { unified: { "io.max": "8:0 rbps=1\n8:16 wiops=2\n", "memory.high": "max" } },
      ["io.max=8:0 rbps=1", "io.max=8:16 wiops=2", "memory.high=max"],
    ],
    [{ unified: { "cpuset.cpus": "" } }, ["cpuset.cpus="]],
    [{ unified: { "memory.max": "9" }, memory: { limit: 5n } }, ["memory.max=5", "memory.max=9"]],
  ];
  test.each(rows)("%o", (resources, files) => expect(written(resources)).toEqual(files));
});

describe("controllers", () => {
  test.each([
    ["memory.swap.max", "memory"],
    ["io.bfq.weight", "io"],
    ["hugetlb.2MB.rsvd.max", "hugetlb"],
    ["cpuset.cpus", "cpuset"],
    ["misc.max", "misc"],
    ["cgroup.freeze", undefined],
  ])("%s belongs to %s", (file, controller) => expect(controllerOf(file)).toBe(controller));

  test("are needed by limits that must be honoured", () => {
    const { limits } = compileResources({
      memory: { limit: -1n },
      pids: { limit: 5n },
      unified: { "misc.max": "res_a 1", "pids.max": "7", "cgroup.max.depth": "1" },
    });
    const needed = [...neededControllers(limits)].map(([name, { pointer }]) => [name, pointer]);
    expect(needed).toEqual([
      ["pids", "/linux/resources/pids/limit"],
      ["misc", "/linux/resources/unified/misc.max"],
    ]);
  });
});

describe("pointers", () => {
  test("lead to the field, in config.json and in a file of update", () => {
    const resources = {
      unified: { "a.b~c": "1" },
      blockIO: { throttleReadBpsDevice: [{ major: 8, minor: 0, rate: 1n }] },
    };
    const pointers = (at?: string) => compileResources(resources, at).limits.map(({ pointer }) => pointer);
    expect(pointers()).toEqual([
      "/linux/resources/blockIO/throttleReadBpsDevice/0/rate",
      "/linux/resources/unified/a.b~0c",
    ]);
    expect(pointers("")).toEqual(["/blockIO/throttleReadBpsDevice/0/rate", "/unified/a.b~0c"]);
  });

  test("warn of what cgroup v2 does not have", () => {
    const warned = (resources: LinuxResources) =>
      compileResources(resources).warnings.map(({ pointer }) => pointer?.replace("/linux/resources/", ""));
    expect(
      warned({
        memory: { kernel: 1n, kernelTCP: 1n, swappiness: 0, disableOOMKiller: true, useHierarchy: false },
        cpu: { realtimeRuntime: 5n, realtimePeriod: 9n },
        blockIO: { leafWeight: 5, weightDevice: [{ major: 8, minor: 0, leafWeight: 5 }] },
        network: { classID: 5, priorities: [{ name: "eth0", priority: 1 }] },
      }),
    ).toEqual(
      (
        "memory/kernel memory/kernelTCP memory/swappiness memory/disableOOMKiller cpu/realtimeRuntime " +
        "cpu/realtimePeriod blockIO/leafWeight blockIO/weightDevice network/classID network/priorities"
      ).split(" "),
    );
    const off = {
      memory: { kernel: -1n, disableOOMKiller: false },
      cpu: { realtimePeriod: 0n },
      network: {},
    };
    expect(warned(off)).toEqual([]);
  });

  test("a limit that no number of JavaScript holds arrives as it was written", () => {
    const resources =
      '{"cpu":{"period":18446744073709551615,"quota":9223372036854775807},"memory":{"limit":9007199254740993}}';
    const { spec } = parseSpec(
      `{"ociVersion":"1.3.0","root":{"path":"r"},"linux":{"resources":${resources}}}`,
    );
    expect(written(spec.linux?.resources ?? {})).toEqual([
      "memory.max=9007199254740993",
      "cpu.max=9223372036854775807 18446744073709551615",
    ]);
  });
});
