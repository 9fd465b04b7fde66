// linux.resources as properties of a unit.

import { describe, expect, test } from "vitest";
import { knownTo, needVersion, type Property } from "../../../src/cgroups/systemd/unit/property.ts";
import { resourceProperties } from "../../../src/cgroups/systemd/unit/resources.ts";
import { parseCgroupsPath } from "../../../src/cgroups/systemd/unit/unit_name.ts";
import { unitProperties } from "../../../src/cgroups/systemd/unit/unit_properties.ts";
import type { LinuxDeviceCgroup, LinuxResources } from "../../../src/spec/types.ts";

const INFINITY = 18446744073709551615n;

/** `Name=value` of each property. */
function shown(properties: readonly Property[]): readonly unknown[] {
  return properties.map(({ name, value }) => [name, value.signature, value.value]);
}

const of = (resources: LinuxResources) => shown(resourceProperties(resources));

describe("memory", () => {
  test.each<readonly [LinuxResources["memory"] & object, readonly unknown[]]>([
    [{}, []],
    [{ limit: 0n, reservation: 0n, swap: 0n }, []],
    [{ limit: 1048576n }, [["MemoryMax", "t", 1048576n]]],
    [
      { limit: -1n },
      [
        ["MemoryMax", "t", INFINITY],
        ["MemorySwapMax", "t", INFINITY],
      ],
    ],
    [{ reservation: 5n }, [["MemoryLow", "t", 5n]]],
    [
      { limit: 10n, swap: 30n },
      [
        ["MemoryMax", "t", 10n],
        ["MemorySwapMax", "t", 20n],
      ],
    ],
    // No swap at all, which a reload must not take back.
    [
      { limit: 10n, swap: 10n },
      [
        ["MemoryMax", "t", 10n],
        ["MemorySwapMax", "t", 0n],
      ],
    ],
    [
      { limit: 10n, swap: -1n },
      [
        ["MemoryMax", "t", 10n],
        ["MemorySwapMax", "t", INFINITY],
      ],
    ],
    [{ swap: -1n }, [["MemorySwapMax", "t", INFINITY]]],
    [
      { limit: -1n, swap: 7n },
      [
        ["MemoryMax", "t", INFINITY],
        ["MemorySwapMax", "t", 7n],
      ],
    ],
  ])("%o", (memory, expected) => {
    expect(of({ memory })).toEqual(expected);
  });

  test("swap needs a limit, and is not below it", () => {
    expect(() => of({ memory: { swap: 5n } })).toThrow(
      "/memory/swap: unable to set swap limit without memory limit",
    );
    expect(() => of({ memory: { limit: 5n, swap: 4n } })).toThrow("should be >= memory limit");
  });
});

describe("cpu", () => {
  test.each<readonly [LinuxResources["cpu"] & object, readonly unknown[]]>([
    [{}, []],
    [{ shares: 0n, quota: 0n, period: 0n, idle: 0 }, []],
    [{ shares: 1024n }, [["CPUWeight", "t", 100n]]],
    [{ shares: 1024n, idle: 1 }, [["CPUWeight", "t", 0n]]],
    [{ quota: 50000n }, [["CPUQuotaPerSecUSec", "t", 500000n]]],
    [
      { quota: 50000n, period: 200000n },
      [
        ["CPUQuotaPeriodUSec", "t", 200000n],
        ["CPUQuotaPerSecUSec", "t", 250000n],
      ],
    ],
    // 33.3% is rounded up to a whole percent, and so is the smallest quota.
    [{ quota: 33300n }, [["CPUQuotaPerSecUSec", "t", 340000n]]],
    [
      { quota: 1n, period: 1000000n },
      [
        ["CPUQuotaPeriodUSec", "t", 1000000n],
        ["CPUQuotaPerSecUSec", "t", 10000n],
      ],
    ],
    [{ quota: -1n }, [["CPUQuotaPerSecUSec", "t", INFINITY]]],
    [
      { period: 50000n },
      [
        ["CPUQuotaPeriodUSec", "t", 50000n],
        ["CPUQuotaPerSecUSec", "t", INFINITY],
      ],
    ],
    [
      { quota: 9223372036854775807n, period: 1n },
      [
        ["CPUQuotaPeriodUSec", "t", 1n],
        ["CPUQuotaPerSecUSec", "t", INFINITY],
      ],
    ],
    [{ cpus: "", mems: "" }, []],
    [{ cpus: "0-3,7" }, [["AllowedCPUs", "ay", Uint8Array.of(0x8f)]]],
    [{ cpus: "8" }, [["AllowedCPUs", "ay", Uint8Array.of(0, 1)]]],
    [{ cpus: "0,9,16-17" }, [["AllowedCPUs", "ay", Uint8Array.of(1, 2, 3)]]],
    [{ mems: "1" }, [["AllowedMemoryNodes", "ay", Uint8Array.of(2)]]],
  ])("%o", (cpu, expected) => {
    expect(of({ cpu })).toEqual(expected);
  });
});

describe("pids and io", () => {
  test.each([
    [-1n, INFINITY],
    [0n, 1n],
    [1n, 1n],
    [100n, 100n],
  ])("a limit of %d pids", (limit, tasks) => {
    expect(of({ pids: { limit } })).toEqual([["TasksMax", "t", tasks]]);
  });

  test.each([
    [10, 1n],
    [500, 4950n],
    [1000, 10000n],
  ])("a weight of %d", (weight, ioWeight) => {
    expect(of({ blockIO: { weight } })).toEqual([["IOWeight", "t", ioWeight]]);
  });

  test("a weight of 0 is none", () => {
    expect(of({ blockIO: { weight: 0 } })).toEqual([]);
  });
});

describe("unified", () => {
  test.each<readonly [string, string, readonly unknown[]]>([
    ["memory.max", "max", [["MemoryMax", "t", INFINITY]]],
    ["memory.max", "1048576\n", [["MemoryMax", "t", 1048576n]]],
    ["memory.max", "512M", [["MemoryMax", "t", 536870912n]]],
    ["memory.max", "1k", [["MemoryMax", "t", 1024n]]],
    ["memory.max", "16E", [["MemoryMax", "t", INFINITY]]],
    ["memory.min", "1", [["MemoryMin", "t", 1n]]],
    ["memory.low", "1", [["MemoryLow", "t", 1n]]],
    ["memory.high", "1", [["MemoryHigh", "t", 1n]]],
    ["memory.swap.max", "0", [["MemorySwapMax", "t", 0n]]],
    ["memory.zswap.max", "0", [["MemoryZSwapMax", "t", 0n]]],
    ["memory.oom.group", "1", [["OOMPolicy", "s", "kill"]]],
    ["memory.oom.group", "0", [["OOMPolicy", "s", "continue"]]],
    ["pids.max", "max", [["TasksMax", "t", INFINITY]]],
    ["pids.max", "0", [["TasksMax", "t", 1n]]],
    ["cpu.weight", "50", [["CPUWeight", "t", 50n]]],
    ["cpu.idle", "1", [["CPUWeight", "t", 0n]]],
    ["cpu.idle", "0", []],
    ["cpu.max", "max", [["CPUQuotaPerSecUSec", "t", INFINITY]]],
    [
      "cpu.max",
      "max 50000",
      [
        ["CPUQuotaPeriodUSec", "t", 50000n],
        ["CPUQuotaPerSecUSec", "t", INFINITY],
      ],
    ],
    [
      "cpu.max",
      "5000 50000",
      [
        ["CPUQuotaPeriodUSec", "t", 50000n],
        ["CPUQuotaPerSecUSec", "t", 100000n],
      ],
    ],
    ["cpuset.cpus", "0-1", [["AllowedCPUs", "ay", Uint8Array.of(3)]]],
    ["cpuset.cpus", "", []],
    ["cpuset.mems", "0", [["AllowedMemoryNodes", "ay", Uint8Array.of(1)]]],
    ["io.weight", "default 200\n8:0 50", [["IOWeight", "t", 200n]]],
    ["io.weight", "300", [["IOWeight", "t", 300n]]],
    ["io.weight", "8:0 50", []],
    ["io.max", "8:0 rbps=1", []],
    ["hugetlb.2MB.max", "0", []],
  ])("%s: %j", (file, value, expected) => {
    expect(of({ unified: { [file]: value } })).toEqual(expected);
  });

  test.each([
    ["memory.max", "-1"],
    ["memory.max", "1X"],
    ["cpu.max", "1 2 3"],
    ["cpu.max", "x"],
    ["cpu.weight", ""],
    ["cpuset.cpus", "x"],
    ["memory.oom.group", "2"],
  ])("%s: %j is refused", (file, value) => {
    expect(() => of({ unified: { [file]: value } })).toThrow(`/linux/resources/unified/${file}: found`);
  });

  test("wins over the other fields, and cpu.idle over cpu.weight", () => {
    const resources = {
      memory: { limit: 5n },
      unified: { "cpu.idle": "1", "memory.max": "7", "cpu.weight": "9" },
    };
    const properties = of(resources);
    expect(properties).toContainEqual(["MemoryMax", "t", 7n]);
    expect(properties).toContainEqual(["CPUWeight", "t", 0n]);
    expect(properties).toHaveLength(2);
  });
});

describe("devices", () => {
  const allow = (type: LinuxDeviceCgroup["type"] & string, major: number, minor: number, access = "rwm") =>
    ({ allow: true, type, major, minor, access }) as const;
  const deny = (type: LinuxDeviceCgroup["type"] & string, major: number, minor: number, access = "rwm") =>
    ({ allow: false, type, major, minor, access }) as const;
  const strict = (...list: readonly (readonly string[])[]) => [
    ["DevicePolicy", "s", "strict"],
    ["DeviceAllow", "a(ss)", []],
    ["DeviceAllow", "a(ss)", list],
  ];

  test.each<readonly [string, readonly LinuxDeviceCgroup[], readonly unknown[]]>([
    ["none", [], strict()],
    ["deny all", [{ allow: false, access: "rwm" }], strict()],
    ["one", [allow("c", 1, 3)], strict(["/dev/char/1:3", "rwm"])],
    ["a block device", [allow("b", 8, 0, "r")], strict(["/dev/block/8:0", "r"])],
    ["all of a major number", [allow("c", 136, -1)], strict(["char-136", "rwm"])],
    [
      "nodes only",
      [allow("c", -1, -1, "m"), allow("b", -1, -1, "m")],
      strict(["char-*", "m"], ["block-*", "m"]),
    ],
    ["a minor number of all", [allow("c", -1, 5, "rw")], strict(["char-*", "rw"])],
    ["of both kinds", [allow("a", 1, 2)], strict(["/dev/block/1:2", "rwm"], ["/dev/char/1:2", "rwm"])],
    ["twice", [allow("c", 1, 3, "r"), allow("c", 1, 3, "w")], strict(["/dev/char/1:3", "rw"])],
    ["taken back", [allow("c", 1, 3), deny("c", 1, 3, "w")], strict(["/dev/char/1:3", "rm"])],
    ["taken back with all", [allow("c", 1, 3), deny("a", -1, -1)], strict()],
    // Ours forbids it; without the rest systemd's would forbid too much.
    ["taken back in part", [allow("c", 1, -1), deny("c", 1, 3)], strict(["char-1", "rwm"])],
    ["after all was denied", [deny("a", -1, -1), allow("c", 1, 3)], strict(["/dev/char/1:3", "rwm"])],
    [
      "everything",
      [{ allow: true }],
      [
        ["DevicePolicy", "s", "auto"],
        ["DeviceAllow", "a(ss)", []],
      ],
    ],
    [
      "everything, and more",
      [allow("a", -1, -1), allow("c", 1, 3)],
      [
        ["DevicePolicy", "s", "auto"],
        ["DeviceAllow", "a(ss)", []],
      ],
    ],
  ])("%s", (_, devices, expected) => {
    expect(of({ devices })).toEqual(expected);
  });
});

describe("versions", () => {
  test("have to be known for some properties only", () => {
    expect(needVersion(resourceProperties({ memory: { limit: 5n }, pids: { limit: 5n } }))).toBe(false);
    expect(needVersion(resourceProperties({ cpu: { period: 5n } }))).toBe(true);
  });

  test.each([
    [241, ["CPUQuotaPerSecUSec"]],
    [242, ["CPUQuotaPeriodUSec", "CPUQuotaPerSecUSec"]],
    [244, ["CPUQuotaPeriodUSec", "CPUQuotaPerSecUSec", "AllowedCPUs"]],
    [253, ["CPUQuotaPeriodUSec", "CPUQuotaPerSecUSec", "AllowedCPUs", "OOMPolicy"]],
  ])("systemd %d", (version, names) => {
    const resources = { cpu: { quota: 5n, period: 5n, cpus: "0" }, unified: { "memory.oom.group": "1" } };
    expect(knownTo(version, resourceProperties(resources)).map(({ name }) => name)).toEqual(names);
  });
});

describe("a unit", () => {
  const request = { id: "c1" };

  test("that is a scope", () => {
    const unit = parseCgroupsPath("a.slice:p:c1", "c1", false);
    expect(shown(unitProperties({ ...request, unit }))).toEqual([
      ["Description", "s", "runt container c1"],
      ["Slice", "s", "a.slice"],
      ["Delegate", "b", true],
      ["CollectMode", "s", "inactive-or-failed"],
      ["MemoryAccounting", "b", true],
      ["CPUAccounting", "b", true],
      ["IOAccounting", "b", true],
      ["TasksAccounting", "b", true],
      ["DefaultDependencies", "b", false],
    ]);
  });

  test("that is a slice is not delegated", () => {
    const unit = parseCgroupsPath("a.slice:p:a-b.slice", "c1", false);
    const names = unitProperties({ ...request, unit }).map(({ name }) => name);
    expect(shown(unitProperties({ ...request, unit }))).toContainEqual(["Wants", "as", ["a.slice"]]);
    for (const name of ["Slice", "Delegate", "CollectMode"]) expect(names).not.toContain(name);
  });

  test("has the properties of annotations in place of ours", () => {
    const unit = parseCgroupsPath("a.slice:p:c1", "c1", false);
    const annotations = {
      "org.systemd.property.DefaultDependencies": "true",
      "org.systemd.property.MemoryMax": "uint64 9",
    };
    const properties = shown(
      unitProperties({ ...request, unit, annotations, resources: { memory: { limit: 5n } } }),
    );
    expect(properties.filter((entry) => /Default|MemoryMax/.test(String(entry)))).toEqual([
      ["DefaultDependencies", "b", true],
      ["MemoryMax", "t", 9n],
    ]);
  });
});
