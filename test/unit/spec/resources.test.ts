// config-linux.md, control groups.

import { describe, expect, test } from "vitest";
import { parseResources } from "../../../src/spec/parse.ts";
import { type Acceptance, errorOf, type Rejection, testAccepted, testRejected } from "./document.ts";

const R = "/linux/resources";
const LIMIT = "expected an integer from -1 to 9223372036854775807";
const PAGE_SIZE = "expected a page size such as 64KB, 2MB or 1GB";
const DEVICE = '"major":8,"minor":0';

const ACCEPTED: readonly Acceptance[] = [
  [R, "{}"],
  [
    `${R}/devices`,
    '[{"allow":false,"access":"rwm"},{"allow":true,"type":"c","major":-1,"minor":5,"access":"mr"}]',
  ],
  [`${R}/devices`, '[{"allow":true,"type":"","access":""}]', [{ allow: true }]],
  [`${R}/devices`, '[{"allow":true,"type":"a","major":4294967295}]'],
  [
    `${R}/memory`,
    '{"limit":-1,"reservation":0,"swap":9223372036854775807,"kernel":1,"kernelTCP":1}',
    { limit: -1n, reservation: 0n, swap: 9223372036854775807n, kernel: 1n, kernelTCP: 1n },
  ],
  [`${R}/memory`, '{"swappiness":100,"disableOOMKiller":false,"useHierarchy":true,"checkBeforeUpdate":true}'],
  // Docker's -1.
  [`${R}/memory`, '{"swappiness":18446744073709551615}', {}],
  [
    `${R}/cpu`,
    '{"shares":18446744073709551615,"quota":-1,"burst":0,"period":100000,"realtimeRuntime":-1,"realtimePeriod":1,"cpus":"0-3","mems":"0","idle":1}',
    {
      shares: 18446744073709551615n,
      quota: -1n,
      burst: 0n,
      period: 100000n,
      realtimeRuntime: -1n,
      realtimePeriod: 1n,
      cpus: "0-3",
      mems: "0",
      idle: 1,
    },
  ],
  [`${R}/cpu`, '{"quota":5,"burst":5}', { quota: 5n, burst: 5n }],
  [`${R}/cpu`, '{"quota":-1,"burst":5}', { quota: -1n, burst: 5n }],
  [`${R}/pids`, '{"limit":0}', { limit: 0n }],
  [`${R}/pids`, '{"limit":-1}', { limit: -1n }],
  [`${R}/blockIO`, '{"weight":0,"leafWeight":1000}'],
  [`${R}/blockIO`, `{"weightDevice":[{${DEVICE},"weight":10},{${DEVICE},"leafWeight":10}]}`],
  [
    `${R}/blockIO`,
    `{"throttleReadBpsDevice":[{${DEVICE},"rate":18446744073709551615}],"throttleWriteIOPSDevice":[]}`,
    {
      throttleReadBpsDevice: [{ major: 8, minor: 0, rate: 18446744073709551615n }],
      throttleWriteIOPSDevice: [],
    },
  ],
  [
    `${R}/hugepageLimits`,
    '[{"pageSize":"2MB","limit":9223372036854775807}]',
    [{ pageSize: "2MB", limit: 9223372036854775807n }],
  ],
  [
    `${R}/hugepageLimits`,
    '[{"pageSize":"64KB","limit":0},{"pageSize":"16GB","limit":0}]',
    [
      { pageSize: "64KB", limit: 0n },
      { pageSize: "16GB", limit: 0n },
    ],
  ],
  [`${R}/network`, '{"classID":4294967295,"priorities":[{"name":"eth0","priority":500}]}'],
  [`${R}/rdma`, '{"mlx5_1":{"hcaHandles":3,"hcaObjects":10000},"rxe3":{"hcaObjects":4294967295}}'],
  [`${R}/unified`, '{"cgroup.max.depth":"1","memory.high":"a\\nb"}'],
];

const REJECTED: readonly Rejection[] = [
  [`${R}/devices`, "[{}]", "found nothing, expected true or false", `${R}/devices/0/allow`],
  [
    `${R}/devices`,
    '[{"allow":true,"type":"p"}]',
    'found string "p", expected one of a, c, b',
    `${R}/devices/0/type`,
  ],
  [
    `${R}/devices`,
    '[{"allow":true,"major":-2}]',
    "found number -2, expected an integer from -1 to 4294967295",
    `${R}/devices/0/major`,
  ],
  [
    `${R}/devices`,
    '[{"allow":true,"access":"rwx"}]',
    'found string "rwx", expected letters of rwm',
    `${R}/devices/0/access`,
  ],
  [`${R}/memory/limit`, "-2", `found number -2, ${LIMIT}`],
  [`${R}/memory/limit`, "9223372036854775808", `found number 9223372036854775808, ${LIMIT}`],
  [`${R}/memory/swap`, '"1g"', `found string "1g", ${LIMIT}`],
  [`${R}/memory/reservation`, "1.5", `found number 1.5, ${LIMIT}`],
  [`${R}/memory/kernel`, "-5", `found number -5, ${LIMIT}`],
  [`${R}/memory/kernelTCP`, "-5", `found number -5, ${LIMIT}`],
  [`${R}/memory/swappiness`, "101", "found number 101, expected an integer from 0 to 100"],
  [`${R}/memory/swappiness`, "-1", "found number -1, expected an integer from 0 to 100"],
  [`${R}/memory/disableOOMKiller`, "0", "found number 0, expected true or false"],
  [`${R}/cpu/shares`, "-1", "found number -1, expected an integer from 0 to 18446744073709551615"],
  [`${R}/cpu/cpus`, '"all"', 'found string "all", expected a list of numbers and ranges such as 0-3,7'],
  [`${R}/cpu/mems`, '"1-"', 'found string "1-", expected a list of numbers and ranges such as 0-3,7'],
  [`${R}/cpu/idle`, "2", "found number 2, expected an integer from 0 to 1"],
  [`${R}/cpu`, '{"quota":4,"burst":5}', "burst 5 is above quota 4", `${R}/cpu/burst`],
  [`${R}/pids/limit`, "-2", `found number -2, ${LIMIT}`],
  [`${R}/blockIO/weight`, "1001", "found number 1001, expected an integer from 0 to 1000"],
  [`${R}/blockIO/leafWeight`, "-1", "found number -1, expected an integer from 0 to 1000"],
  [
    `${R}/blockIO/weightDevice`,
    `[{${DEVICE}}]`,
    "found neither weight nor leafWeight, expected at least one",
    `${R}/blockIO/weightDevice/0`,
  ],
  [
    `${R}/blockIO/weightDevice`,
    '[{"major":8,"weight":10}]',
    "found nothing, expected an integer from 0 to 1048575",
    `${R}/blockIO/weightDevice/0/minor`,
  ],
  [
    `${R}/blockIO/throttleWriteBpsDevice`,
    `[{${DEVICE}}]`,
    "found nothing, expected an integer from 0 to 18446744073709551615",
    `${R}/blockIO/throttleWriteBpsDevice/0/rate`,
  ],
  [
    `${R}/blockIO/throttleReadIOPSDevice`,
    `[{${DEVICE},"rate":-1}]`,
    "found number -1, expected an integer from 0 to 18446744073709551615",
    `${R}/blockIO/throttleReadIOPSDevice/0/rate`,
  ],
  [
    `${R}/hugepageLimits`,
    '[{"pageSize":"64kB","limit":1}]',
    `found string "64kB", ${PAGE_SIZE}`,
    `${R}/hugepageLimits/0/pageSize`,
  ],
  [
    `${R}/hugepageLimits`,
    '[{"pageSize":"2MB.max/../x","limit":1}]',
    `found string "2MB.max/../x", ${PAGE_SIZE}`,
    `${R}/hugepageLimits/0/pageSize`,
  ],
  [
    `${R}/hugepageLimits`,
    '[{"pageSize":"2MB","limit":-1}]',
    "found number -1, expected an integer from 0 to 18446744073709551615",
    `${R}/hugepageLimits/0/limit`,
  ],
  [`${R}/network/classID`, "4294967296", "found number 4294967296, expected an integer from 0 to 4294967295"],
  [
    `${R}/network/priorities`,
    '[{"name":"","priority":1}]',
    'found string "", expected a string that is not empty',
    `${R}/network/priorities/0/name`,
  ],
  [`${R}/rdma`, '{"a":{}}', "found neither hcaHandles nor hcaObjects, expected at least one", `${R}/rdma/a`],
  [`${R}/rdma`, '{"a b":{"hcaObjects":1}}', 'found key string "a b", expected names of devices'],
  [
    `${R}/rdma`,
    '{"a":{"hcaHandles":-1}}',
    "found number -1, expected an integer from 0 to 4294967295",
    `${R}/rdma/a/hcaHandles`,
  ],
  [`${R}/unified`, '{"../x.y":"1"}', 'unified resource "../x.y" must be a file name (no slashes)'],
  [`${R}/unified`, '{"memory":"1"}', 'unified resource "memory" must be in the form CONTROLLER.PARAMETER'],
  [`${R}/unified`, '{"..":"1"}', 'unified resource ".." must be in the form CONTROLLER.PARAMETER'],
  [`${R}/unified`, '{"memory.high":1}', "found number 1, expected a string", `${R}/unified/memory.high`],
];

describe("accepted", () => testAccepted(ACCEPTED));
describe("rejected", () => testRejected(REJECTED));

test("resources of their own have pointers of their own", () => {
  expect(parseResources('{"pids":{"limit":5}}')).toEqual({ pids: { limit: 5n } });
  expect(errorOf(() => parseResources('{"pids":{"limit":-5}}')).pointer).toBe("/pids/limit");
});
