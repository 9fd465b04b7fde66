// What `update` writes: limits that depend on each other, and the way back.

import { describe, expect, test } from "vitest";
import { completeUpdate, formatRemembered, remember } from "../../../src/cgroups/resources/complete.ts";
import { previousValue } from "../../../src/cgroups/resources/restore.ts";
import { parseUpdateFlags } from "../../../src/cli/update_flags.ts";
import { parseResources } from "../../../src/spec/parse.ts";
import type { LinuxResources } from "../../../src/spec/types.ts";

type Options = Parameters<typeof parseUpdateFlags>[0];

function flags(given: Partial<Options>): LinuxResources {
  return parseUpdateFlags(given as Options);
}

describe("options", () => {
  test.each<[Partial<Options>, LinuxResources]>([
    [{}, {}],
    [{ memory: "" }, {}],
    [{ "blkio-weight": "500" }, { blockIO: { weight: 500 } }],
    [{ "cpu-period": "100000" }, { cpu: { period: 100000n } }],
    [{ "cpu-quota": "-1" }, { cpu: { quota: -1n } }],
    [{ "cpu-burst": "0" }, { cpu: { burst: 0n } }],
    [{ "cpu-share": "18446744073709551615" }, { cpu: { shares: 18446744073709551615n } }],
    [{ "cpu-rt-period": "1", "cpu-rt-runtime": "-2" }, { cpu: { realtimePeriod: 1n, realtimeRuntime: -2n } }],
    [{ "cpu-idle": "1" }, { cpu: { idle: 1 } }],
    [{ "cpuset-cpus": "0-1,3", "cpuset-mems": "0" }, { cpu: { cpus: "0-1,3", mems: "0" } }],
    [{ "pids-limit": "-1" }, { pids: { limit: -1n } }],
    [{ "pids-limit": "0" }, { pids: { limit: 0n } }],
    [{ memory: "1000" }, { memory: { limit: 1000n } }],
    [{ memory: "-1", "memory-swap": "-1" }, { memory: { limit: -1n, swap: -1n } }],
    [{ memory: "10k" }, { memory: { limit: 10240n } }],
    [{ memory: "10 MiB" }, { memory: { limit: 10485760n } }],
    [{ memory: "10mb" }, { memory: { limit: 10485760n } }],
    [{ memory: "7b" }, { memory: { limit: 7n } }],
    [{ "memory-reservation": "1.5G" }, { memory: { reservation: 1610612736n } }],
    [{ memory: "0.3k" }, { memory: { limit: 307n } }],
    [{ memory: "4P" }, { memory: { limit: 4503599627370496n } }],
  ])("%j", (given, expected) => expect(flags(given)).toEqual(expected));

  test.each<[Partial<Options>, string]>([
    [{ memory: "10x" }, 'invalid value for memory: invalid size: "10x"'],
    [{ memory: "-2" }, "invalid value for memory: invalid size"],
    [{ memory: "m" }, "invalid value for memory: invalid size"],
    [{ memory: "1kib1" }, "invalid value for memory: invalid size"],
    [{ memory: "99999p" }, "invalid value for memory: found number"],
    [{ "cpu-quota": "x" }, 'invalid value for cpu-quota: invalid number: "x"'],
    [{ "cpu-quota": "1.5" }, "invalid value for cpu-quota: invalid number"],
    [{ "cpu-period": "-1" }, "invalid value for cpu-period: found number -1"],
    [{ "cpu-idle": "2" }, "invalid value for cpu-idle: found number 2, expected an integer from 0 to 1"],
    [{ "blkio-weight": "1001" }, "invalid value for blkio-weight: found number 1001"],
    [{ "cpuset-cpus": "0-" }, "invalid value for cpuset-cpus"],
    [{ "pids-limit": "-2" }, "invalid value for pids-limit"],
    [{ "cpu-quota": "10", "cpu-burst": "20" }, "invalid value for cpu-burst: burst 20 is above quota 10"],
  ])("%j is refused", (given, message) => expect(() => flags(given)).toThrow(message));
});

describe("an update is completed", () => {
  test.each<[what: string, before: LinuxResources, update: LinuxResources, expected: LinuxResources]>([
    [
      "not, where nothing depends",
      { memory: { limit: 5n, swap: 9n } },
      { pids: { limit: 1n } },
      { pids: { limit: 1n } },
    ],
    [
      "with the limit of memory and swap",
      { memory: { limit: 5n, swap: 9n } },
      { memory: { limit: 7n } },
      { memory: { limit: 7n, swap: 9n } },
    ],
    [
      "with the limit of memory",
      { memory: { limit: 5n } },
      { memory: { swap: 8n } },
      { memory: { limit: 5n, swap: 8n } },
    ],
    [
      "with no limit of swap where memory has none",
      { memory: { limit: 5n, swap: 9n } },
      { memory: { limit: -1n } },
      { memory: { limit: -1n, swap: -1n } },
    ],
    [
      "not by a reservation",
      { memory: { limit: 5n, swap: 9n } },
      { memory: { reservation: 3n } },
      { memory: { reservation: 3n } },
    ],
    [
      "not by zeros, which say nothing",
      { memory: { limit: 5n, swap: 9n }, cpu: { quota: 5n, period: 7n, shares: 3n } },
      { memory: { limit: 0n, swap: 0n }, cpu: { quota: 0n, period: 0n, shares: 0n } },
      { memory: { limit: 0n, swap: 0n }, cpu: { quota: 0n, period: 0n, shares: 0n } },
    ],
    [
      "with a check that was asked for before",
      { memory: { checkBeforeUpdate: true } },
      { memory: { limit: 7n } },
      { memory: { limit: 7n, checkBeforeUpdate: true } },
    ],
    [
      "with the period and the burst",
      { cpu: { quota: 50n, period: 100n, burst: 10n } },
      { cpu: { quota: 20n } },
      { cpu: { quota: 20n, period: 100n, burst: 10n } },
    ],
    [
      "with the quota",
      { cpu: { quota: 50n, period: 100n } },
      { cpu: { period: 200n } },
      { cpu: { quota: 50n, period: 200n } },
    ],
    ["with idle", { cpu: { idle: 1 } }, { cpu: { shares: 5n } }, { cpu: { shares: 5n, idle: 1 } }],
    ["with the weight", { cpu: { shares: 5n } }, { cpu: { idle: 0 } }, { cpu: { shares: 5n, idle: 0 } }],
    ["not by CPUs", { cpu: { shares: 5n, quota: 3n } }, { cpu: { cpus: "1" } }, { cpu: { cpus: "1" } }],
  ])("%s", (_what, before, update, expected) => {
    expect(completeUpdate(update, remember(update, before))).toEqual(expected);
  });

  test.each<[LinuxResources, string]>([
    [{ cpu: { quota: 5n } }, "/cpu/quota: burst 10 is above quota 5"],
    [{ cpu: { burst: 60n } }, "/cpu/burst: burst 60 is above quota 50"],
  ])("and %o refused", (update, message) => {
    const before = { cpu: { quota: 50n, period: 100n, burst: 10n } };
    expect(() => completeUpdate(update, remember(update, before))).toThrow(message);
  });

  test("from what was remembered, with all digits", () => {
    const limit = 9007199254740993n;
    const first = remember({ memory: { limit } }, { memory: { checkBeforeUpdate: true } });
    const read = parseResources(formatRemembered(first));
    expect(read).toEqual({ memory: { limit, checkBeforeUpdate: true }, cpu: {} });
    expect(remember({ cpu: { quota: -1n, idle: 0 } }, read)).toEqual({
      memory: { limit, checkBeforeUpdate: true },
      cpu: { quota: -1n, idle: 0 },
    });
  });
});

describe("the way back", () => {
  test.each([
    ["memory.max", "100", "max\n", "max"],
    ["cpu.max", "1000 2000", "max 100000\n", "max 100000"],
    ["cpuset.cpus", "1", "\n", ""],
    ["io.weight", "50", "default 100\n8:0 200\n", "default 100"],
    ["io.weight", "8:0 50", "default 100\n8:0 200\n", "8:0 200"],
    ["io.bfq.weight", "8:16 50", "default 100\n", "8:16 default"],
    [
      "io.max",
      "8:0 rbps=1",
      "8:0 rbps=max wbps=5 riops=max wiops=max\n",
      "8:0 rbps=max wbps=5 riops=max wiops=max",
    ],
    ["io.max", "8:0 rbps=1", "8:16 rbps=5\n", "8:0 rbps=max wbps=max riops=max wiops=max"],
    [
      "rdma.max",
      "mlx hca_handle=1",
      "mlx hca_handle=max hca_object=max\n",
      "mlx hca_handle=max hca_object=max",
    ],
    ["rdma.max", "other hca_handle=1", "mlx hca_handle=max\n", undefined],
    ["misc.max", "res_a 5", "res_a max\nres_b 1\n", "res_a max"],
  ])("of %s: %s", (file, value, before, expected) => {
    expect(previousValue({ file, value }, before)).toBe(expected);
  });
});
