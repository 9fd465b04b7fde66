// config-linux.md#control-groups: limits, as types and ranges. What they become in cgroup files, and which of them
// exclude each other there, belongs to cgroups.

import {
  arrayOf,
  bigInt,
  bool,
  type Check,
  int,
  int64,
  mapOf,
  nonEmptyText,
  object,
  reject,
  text,
  textThat,
  uint32,
  uint64,
  unlessEmpty,
} from "./check.ts";
import { deviceRules, major, minor } from "./devices.ts";
import { describeFound, quote } from "./found.ts";
import { ID_LIST, isIdList } from "./id_list.ts";
import type {
  LinuxBlockIO,
  LinuxCPU,
  LinuxHugepageLimit,
  LinuxInterfacePriority,
  LinuxMemory,
  LinuxNetwork,
  LinuxPids,
  LinuxRdma,
  LinuxResources,
  LinuxThrottleDevice,
  LinuxWeightDevice,
} from "./types.ts";

/** -1 is "unlimited"; nothing else below 0 has a meaning. */
const limitOrUnlimited = bigInt(-1n, 0x7fffffffffffffffn);

const percent = int(0, 100);

/** Docker's MemorySwappiness of -1, "not set", arrives as uint64. */
const swappiness: Check<number | undefined> = (value, parent, key) => {
  return value === 0xffffffffffffffffn ? undefined : percent(value, parent, key);
};

const memory: Check<LinuxMemory> = object(
  {},
  {
    limit: limitOrUnlimited,
    reservation: limitOrUnlimited,
    swap: limitOrUnlimited,
    kernel: limitOrUnlimited,
    kernelTCP: limitOrUnlimited,
    swappiness,
    disableOOMKiller: bool,
    useHierarchy: bool,
    checkBeforeUpdate: bool,
  },
);

const idList = unlessEmpty(textThat(isIdList, ID_LIST));

const cpu: Check<LinuxCPU> = object(
  {},
  {
    shares: uint64,
    quota: int64,
    burst: uint64,
    period: uint64,
    realtimeRuntime: int64,
    realtimePeriod: uint64,
    cpus: idList,
    mems: idList,
    idle: int(0, 1),
  },
  ({ quota = 0n, burst = 0n }, pointer) => {
    if (quota > 0n && burst > quota) reject(`${pointer}/burst`, `burst ${burst} is above quota ${quota}`);
  },
);

const pids: Check<LinuxPids> = object({}, { limit: limitOrUnlimited });

/** The kernel's largest weight. Docker always writes a weight, with 0 for "not set". */
const weight = int(0, 1000);

const weightDevice: Check<LinuxWeightDevice> = object(
  { major, minor },
  { weight, leafWeight: weight },
  (entry, pointer) => {
    if (entry.weight === undefined && entry.leafWeight === undefined) {
      reject(pointer, "found neither weight nor leafWeight, expected at least one");
    }
  },
);

const throttleDevices = arrayOf(object<LinuxThrottleDevice>({ major, minor, rate: uint64 }, {}));

const blockIO: Check<LinuxBlockIO> = object(
  {},
  {
    weight,
    leafWeight: weight,
    weightDevice: arrayOf(weightDevice),
    throttleReadBpsDevice: throttleDevices,
    throttleWriteBpsDevice: throttleDevices,
    throttleReadIOPSDevice: throttleDevices,
    throttleWriteIOPSDevice: throttleDevices,
  },
);

const hugepageLimit: Check<LinuxHugepageLimit> = object(
  {
    pageSize: textThat((size) => /^[1-9][0-9]*[KMG]B$/.test(size), "a page size such as 64KB, 2MB or 1GB"),
    limit: uint64,
  },
  {},
);

const network: Check<LinuxNetwork> = object(
  {},
  {
    classID: uint32,
    priorities: arrayOf(object<LinuxInterfacePriority>({ name: nonEmptyText, priority: uint32 }, {})),
  },
);

const rdma = mapOf<LinuxRdma>(
  object<LinuxRdma>({}, { hcaHandles: uint32, hcaObjects: uint32 }, (entry, pointer) => {
    if (entry.hcaHandles === undefined && entry.hcaObjects === undefined) {
      reject(pointer, "found neither hcaHandles nor hcaObjects, expected at least one");
    }
  }),
  (devices, pointer) => {
    // The name starts a line of rdma.max: a space or a newline in it would set another device's limits.
    const bad = Object.keys(devices).find((name) => /[ \t\n]/.test(name));
    if (bad !== undefined) reject(pointer, `found key ${describeFound(bad)}, expected names of devices`);
  },
);

const unified = mapOf(text, (files, pointer) => {
  for (const file of Object.keys(files)) {
    if (file.includes("/"))
      reject(pointer, `unified resource ${quote(file)} must be a file name (no slashes)`);
    // Two dots make `..` at worst, which has no controller before the first one.
    if (file.indexOf(".") > 0) continue;
    reject(pointer, `unified resource ${quote(file)} must be in the form CONTROLLER.PARAMETER`);
  }
});

export const resources: Check<LinuxResources> = object(
  {},
  {
    devices: deviceRules,
    memory,
    cpu,
    pids,
    blockIO,
    hugepageLimits: arrayOf(hugepageLimit),
    network,
    rdma,
    unified,
  },
);
