// Fields of config.json that come to nothing here, and what is said of it: those of other platforms, limits that only
// cgroup v1 has, and devices that the machine has not.

import { expect, test } from "vitest";
import { bundle, failure, inside } from "./bed.ts";
import { ofRunt } from "./cgroup.ts";

test("fields of other platforms are ignored", () => {
  const out = inside("id -u", (config) => {
    Object.assign(config, {
      windows: { layerFolders: ["C:\\layer"] },
      solaris: { milestone: "none" },
      vm: { kernel: { path: "/kernel" } },
      zos: {},
      freebsd: {},
    });
    Object.assign(config.process, { commandLine: "cmd.exe" });
    Object.assign(config.process.user, { username: "nobody" });
  });
  expect(out).toBe("0\n");
});

test.each([
  ["memory/kernel", { memory: { kernel: 1 << 20 } }],
  ["memory/kernelTCP", { memory: { kernelTCP: 1 << 20 } }],
  ["memory/swappiness", { memory: { swappiness: 10 } }],
  ["memory/disableOOMKiller", { memory: { disableOOMKiller: true } }],
  ["cpu/realtimePeriod", { cpu: { realtimePeriod: 1_000_000 } }],
  ["cpu/realtimeRuntime", { cpu: { realtimeRuntime: 950_000 } }],
  ["blockIO/leafWeight", { blockIO: { leafWeight: 100 } }],
  ["blockIO/weightDevice", { blockIO: { weightDevice: [{ major: 8, minor: 0, leafWeight: 100 }] } }],
  ["network/classID", { network: { classID: 1 } }],
  ["network/priorities", { network: { priorities: [{ name: "lo", priority: 1 }] } }],
])(
  "the limit %s, which only cgroup v1 has, is ignored with a warning",
  ofRunt("says nothing"),
  (field, resources) => {
    const container = bundle((config) => {
      config.linux.resources = resources;
    });
    const { code, stderr } = container.run();
    expect(stderr).toContain(`/linux/resources/${field}: cgroup v2 has no such limit: ignored`);
    expect(code).toBe(0);
  },
);

test.each([{ hcaHandles: 3 }, { hcaObjects: 10000 }])(
  "the rdma limits %j of a device that is not there are refused",
  ofRunt("has other words"),
  (limits) => {
    const container = bundle((config) => {
      config.linux.resources = { rdma: { "runt-no-device": limits } };
    });
    expect(failure(container.call("create", container.id))).toMatch(/^runt: \/linux\/resources\/rdma/);
  },
);

const DEVICE = { major: 4095, minor: 1 };

test.each([
  ["throttleReadBpsDevice", { ...DEVICE, rate: 1048576 }],
  ["throttleWriteBpsDevice", { ...DEVICE, rate: 1048576 }],
  ["throttleReadIOPSDevice", { ...DEVICE, rate: 100 }],
  ["throttleWriteIOPSDevice", { ...DEVICE, rate: 100 }],
  ["weightDevice", { ...DEVICE, weight: 100 }],
])(
  "the limit blockIO/%s of a device that is not there is refused",
  ofRunt("has other words"),
  (field, limit) => {
    const container = bundle((config) => {
      config.linux.resources = { blockIO: { [field]: [limit] } };
    });
    const error = failure(container.call("create", container.id));
    expect(error).toContain(`runt: /linux/resources/blockIO/${field}/0`);
  },
);

test("a personality with flags, of which there are none, is refused", ofRunt("has other words"), () => {
  const container = bundle(({ linux }) => {
    linux.personality = { domain: "LINUX", flags: ["ADDR_NO_RANDOMIZE"] };
  });
  expect(failure(container.call("create", container.id))).toContain("runt: /linux/personality/flags");
});

test.each([
  ["schemata", { schemata: ["MB:0=50"] }],
  ["memBwSchema", { memBwSchema: "MB:0=50" }],
  ["enableMonitoring", { enableMonitoring: true }],
])("intelRdt %s is refused without a resctrl filesystem", ofRunt("has other words"), (_, intelRdt) => {
  const container = bundle(({ linux }) => {
    linux.intelRdt = intelRdt;
  });
  expect(failure(container.call("create", container.id))).toContain(
    "/linux/intelRdt: Intel RDT is asked for, and no resctrl filesystem is mounted",
  );
});
