// config-linux.md without resources and seccomp.

import { describe, expect, test } from "vitest";
import { parseSpec } from "../../../src/spec/parse.ts";
import { sysctlPath } from "../../../src/spec/sysctl.ts";
import {
  type Acceptance,
  type Changes,
  document,
  errorOf,
  parsed,
  type Rejection,
  testAccepted,
  testRejected,
} from "./document.ts";

const NAMESPACES = "/linux/namespaces";
const UID = "/linux/uidMappings";
const DEVICES = "/linux/devices";
const NETDEVICES = "/linux/netDevices";
const RDT = "/linux/intelRdt";
const POLICY = "/linux/memoryPolicy";
const NAME = "a network device name (1 to 15 bytes, no slash, colon or space, not . or ..)";

const ACCEPTED: readonly Acceptance[] = [
  [
    NAMESPACES,
    '[{"type":"pid"},{"type":"network","path":"/run/netns/a"},{"type":"mount"},{"type":"ipc"},{"type":"uts"},{"type":"user"},{"type":"cgroup","path":""},{"type":"time"}]',
    ["pid", "network", "mount", "ipc", "uts", "user", "cgroup", "time"].map((type) =>
      type === "network" ? { type, path: "/run/netns/a" } : { type },
    ),
  ],
  [UID, '[{"containerID":0,"hostID":0,"size":4294967295}]'],
  [UID, '[{"containerID":4294967294,"hostID":5,"size":1}]'],
  [UID, '[{"containerID":10,"hostID":0,"size":10},{"containerID":0,"hostID":10,"size":10}]'],
  [
    "/linux/timeOffsets",
    '{"monotonic":{"secs":-1,"nanosecs":999999999},"boottime":{}}',
    { monotonic: { secs: -1n, nanosecs: 999999999 }, boottime: {} },
  ],
  [DEVICES, '[{"type":"c","path":"/dev/a","major":4095,"minor":1048575}]'],
  [DEVICES, '[{"type":"b","path":"/srv/a","major":0,"minor":0,"uid":0,"gid":4294967294}]'],
  [
    DEVICES,
    '[{"type":"u","path":"/dev/../dev","major":0,"minor":0}]',
    [{ type: "u", path: "/dev/../dev", major: 0, minor: 0 }],
  ],
  [DEVICES, '[{"type":"p","path":"/run/fifo"}]'],
  // st_mode with the type of the file, as Docker has written it.
  [
    DEVICES,
    '[{"type":"c","path":"/dev/a","major":1,"minor":3,"fileMode":8630}]',
    [{ type: "c", path: "/dev/a", major: 1, minor: 3, fileMode: 0o666 }],
  ],
  [DEVICES, '[{"type":"p","path":"/a"},{"type":"p","path":"/./a"}]', [{ type: "p", path: "/a" }]],
  [
    NETDEVICES,
    '{"eth0":{},"eth1":{"name":""},"eth2":{"name":"lan0"}}',
    { eth0: {}, eth1: {}, eth2: { name: "lan0" } },
  ],
  [NETDEVICES, '{"a":{"name":"veth%d"},"b":{"name":"veth%d"}}'],
  [NETDEVICES, '{"fifteenbytelong":{}}'],
  ["/linux/rootfsPropagation", '"rslave"'],
  ["/linux/rootfsPropagation", '"unbindable"'],
  ["/linux/maskedPaths", '["/proc/kcore","/a/../b"]'],
  ["/linux/readonlyPaths", "[]"],
  ["/linux/cgroupsPath", '"system.slice:docker:abc"'],
  ["/linux/cgroupsPath", '"/a/b"'],
  ["/linux/mountLabel", '"system_u:object_r:svirt_sandbox_file_t:s0"'],
  ["/linux/personality", '{"domain":"LINUX32"}'],
  ["/linux/personality", '{"domain":"LINUX","flags":[]}', { domain: "LINUX" }],
  ["/linux/personality", '{"domain":"LINUX","flags":null}', { domain: "LINUX" }],
  [
    RDT,
    '{"closID":"/","schemata":["L3:0=f"],"l3CacheSchema":"L3:0=f","memBwSchema":"MB:0=20","enableMonitoring":true}',
  ],
  [RDT, '{"closID":"group..a","memBwSchema":""}', { closID: "group..a" }],
  [POLICY, '{"mode":"MPOL_DEFAULT"}'],
  [POLICY, '{"mode":"MPOL_LOCAL","nodes":""}', { mode: "MPOL_LOCAL" }],
  [POLICY, '{"mode":"MPOL_PREFERRED"}'],
  [POLICY, '{"mode":"MPOL_BIND","nodes":"0-1,3","flags":["MPOL_F_STATIC_NODES","MPOL_F_NUMA_BALANCING"]}'],
  [POLICY, '{"mode":"MPOL_WEIGHTED_INTERLEAVE","nodes":"0"}'],
  [POLICY, '{"mode":"MPOL_PREFERRED_MANY","nodes":"0","flags":["MPOL_F_RELATIVE_NODES"]}'],
  [
    "/linux/sysctl",
    '{"net.ipv4.ip_forward":"1","kernel.shmmax":"","fs.mqueue.msg_max":"1","user.max_uts_namespaces":"1"}',
  ],
  ["/linux/sysctl", '{"kernel.domainname":"a","net/ipv4/conf/eth0.1/forwarding":"1"}'],
];

const REJECTED: readonly Rejection[] = [
  [
    NAMESPACES,
    '[{"type":"net"}]',
    'found string "net", expected one of pid, network, mount, ipc, uts, user, cgroup, time',
    `${NAMESPACES}/0/type`,
  ],
  [
    NAMESPACES,
    '[{"type":"pid","path":"proc/1"}]',
    'found string "proc/1", expected an absolute path',
    `${NAMESPACES}/0/path`,
  ],
  [
    NAMESPACES,
    '[{"type":"pid"},{"type":"uts"},{"type":"pid","path":"/a"}]',
    'duplicated ns "pid"',
    `${NAMESPACES}/2`,
  ],
  [UID, "[]", "user namespaces enabled, but no uid mappings found"],
  ["/linux/gidMappings", undefined, "user namespaces enabled, but no gid mappings found"],
  [UID, "[{}]", "found nothing, expected an integer from 0 to 4294967294", `${UID}/0/containerID`],
  [
    UID,
    '[{"containerID":0,"hostID":4294967295,"size":1}]',
    "found number 4294967295, expected an integer from 0 to 4294967294",
    `${UID}/0/hostID`,
  ],
  [
    UID,
    '[{"containerID":0,"hostID":0,"size":0}]',
    "found number 0, expected a size of at least 1",
    `${UID}/0/size`,
  ],
  [
    UID,
    '[{"containerID":0,"hostID":0,"size":4294967296}]',
    "found number 4294967296, expected an integer from 0 to 4294967295",
    `${UID}/0/size`,
  ],
  [
    UID,
    '[{"containerID":1,"hostID":0,"size":4294967295}]',
    "containerID 1 + size 4294967295 goes beyond id 4294967294",
    `${UID}/0`,
  ],
  [
    UID,
    '[{"containerID":0,"hostID":4294967294,"size":2}]',
    "hostID 4294967294 + size 2 goes beyond id 4294967294",
    `${UID}/0`,
  ],
  [
    UID,
    '[{"containerID":5,"hostID":0,"size":5},{"containerID":20,"hostID":20,"size":1},{"containerID":0,"hostID":10,"size":6}]',
    "its containerID range overlaps that of entry 0",
    `${UID}/2`,
  ],
  [
    UID,
    '[{"containerID":0,"hostID":7,"size":1},{"containerID":5,"hostID":7,"size":1}]',
    "its hostID range overlaps that of entry 0",
    `${UID}/1`,
  ],
  [
    UID,
    JSON.stringify(Array.from({ length: 341 }, (_, id) => ({ containerID: id, hostID: id, size: 1 }))),
    "found 341 mappings, expected at most 340",
  ],
  ["/linux/timeOffsets", '{"realtime":{"secs":1}}', 'found clock "realtime", expected monotonic or boottime'],
  [
    "/linux/timeOffsets",
    '{"monotonic":{"nanosecs":1000000000}}',
    "found number 1000000000, expected an integer from 0 to 999999999",
    "/linux/timeOffsets/monotonic/nanosecs",
  ],
  [
    "/linux/timeOffsets",
    '{"monotonic":{"secs":9223372036854775808}}',
    "found number 9223372036854775808, expected an integer from -9223372036854775808 to 9223372036854775807",
    "/linux/timeOffsets/monotonic/secs",
  ],
  [
    DEVICES,
    '[{"type":"d","path":"/a"}]',
    'found string "d", expected one of c, b, u, p',
    `${DEVICES}/0/type`,
  ],
  [
    DEVICES,
    '[{"type":"c","path":"dev/a"}]',
    'found string "dev/a", expected an absolute path',
    `${DEVICES}/0/path`,
  ],
  [
    DEVICES,
    '[{"type":"p","path":"/"}]',
    'found string "/", expected a file in the container',
    `${DEVICES}/0/path`,
  ],
  [
    DEVICES,
    '[{"type":"p","path":"/../a"}]',
    'found string "/../a", expected a file in the container',
    `${DEVICES}/0/path`,
  ],
  [
    DEVICES,
    '[{"type":"c","path":"/a","minor":1}]',
    "found nothing, expected a major number, as type is c",
    `${DEVICES}/0/major`,
  ],
  [
    DEVICES,
    '[{"type":"b","path":"/a","major":1}]',
    "found nothing, expected a minor number, as type is b",
    `${DEVICES}/0/minor`,
  ],
  [
    DEVICES,
    '[{"type":"c","path":"/a","major":4096,"minor":0}]',
    "found number 4096, expected an integer from 0 to 4095",
    `${DEVICES}/0/major`,
  ],
  [
    DEVICES,
    '[{"type":"c","path":"/a","major":0,"minor":1048576}]',
    "found number 1048576, expected an integer from 0 to 1048575",
    `${DEVICES}/0/minor`,
  ],
  [
    DEVICES,
    '[{"type":"p","path":"/a","fileMode":65536}]',
    "found number 65536, expected an integer from 0 to 65535",
    `${DEVICES}/0/fileMode`,
  ],
  [
    DEVICES,
    '[{"type":"p","path":"/a","uid":-1}]',
    "found number -1, expected an integer from 0 to 4294967294",
    `${DEVICES}/0/uid`,
  ],
  [
    DEVICES,
    '[{"type":"p","path":"/a"},{"type":"c","path":"/a","major":1,"minor":1}]',
    "its path is that of entry 0, which is another device",
    `${DEVICES}/1`,
  ],
  [NETDEVICES, '{"eth0":null}', "found null, expected an object", `${NETDEVICES}/eth0`],
  [NETDEVICES, '{"eth/0":{}}', `found key "eth/0", expected ${NAME}`],
  [NETDEVICES, '{"sixteenbyteslong":{}}', `found key "sixteenbyteslong", expected ${NAME}`],
  [NETDEVICES, '{"..":{}}', `found key "..", expected ${NAME}`],
  [
    NETDEVICES,
    '{"a":{"name":"b c"}}',
    `found string "b c", expected ${NAME} or a template with one %d`,
    `${NETDEVICES}/a/name`,
  ],
  [
    NETDEVICES,
    '{"a":{"name":"%d%d"}}',
    `found string "%d%d", expected ${NAME} or a template with one %d`,
    `${NETDEVICES}/a/name`,
  ],
  [
    NETDEVICES,
    '{"a":{"name":"%s"}}',
    `found string "%s", expected ${NAME} or a template with one %d`,
    `${NETDEVICES}/a/name`,
  ],
  [NETDEVICES, '{"a":{"name":"b"},"b":{}}', '"a" and "b" would both be named "b"'],
  [
    "/linux/rootfsPropagation",
    '"rShared"',
    'found string "rShared", expected one of shared, slave, private, unbindable, rshared, rslave, rprivate, runbindable',
  ],
  [
    "/linux/maskedPaths",
    '["/a","proc"]',
    'found string "proc", expected an absolute path',
    "/linux/maskedPaths/1",
  ],
  ["/linux/readonlyPaths", '[""]', 'found string "", expected an absolute path', "/linux/readonlyPaths/0"],
  ["/linux/personality", "{}", "found nothing, expected one of LINUX, LINUX32", "/linux/personality/domain"],
  [
    "/linux/personality",
    '{"domain":"BSD"}',
    'found string "BSD", expected one of LINUX, LINUX32',
    "/linux/personality/domain",
  ],
  [
    "/linux/personality",
    '{"domain":"LINUX","flags":["X"]}',
    "found an array of 1, expected no flags: none are defined",
    "/linux/personality/flags",
  ],
  [
    "/linux/personality",
    '{"domain":"LINUX","flags":"X"}',
    'found string "X", expected no flags: none are defined',
    "/linux/personality/flags",
  ],
  [RDT, '{"closID":".."}', 'found string "..", expected / or the name of a directory', `${RDT}/closID`],
  [RDT, '{"closID":"a/b"}', 'found string "a/b", expected / or the name of a directory', `${RDT}/closID`],
  [
    RDT,
    '{"schemata":["L3:0=f\\nMB:0=1"]}',
    'found string "L3:0=f\\nMB:0=1", expected a string without newlines',
    `${RDT}/schemata/0`,
  ],
  [
    RDT,
    '{"l3CacheSchema":"a\\n"}',
    'found string "a\\n", expected a string without newlines',
    `${RDT}/l3CacheSchema`,
  ],
  [
    RDT,
    '{"memBwSchema":"L3:0=1"}',
    'found string "L3:0=1", expected MB: and a schema, without newlines',
    `${RDT}/memBwSchema`,
  ],
  [
    RDT,
    '{"memBwSchema":"MB:0=1\\n"}',
    'found string "MB:0=1\\n", expected MB: and a schema, without newlines',
    `${RDT}/memBwSchema`,
  ],
  [RDT, '{"enableMonitoring":1}', "found number 1, expected true or false", `${RDT}/enableMonitoring`],
  [
    POLICY,
    '{"mode":"MPOL_SOME"}',
    'found string "MPOL_SOME", expected one of MPOL_DEFAULT, MPOL_BIND, MPOL_INTERLEAVE, MPOL_WEIGHTED_INTERLEAVE, MPOL_PREFERRED, MPOL_PREFERRED_MANY, MPOL_LOCAL',
    `${POLICY}/mode`,
  ],
  [
    POLICY,
    '{"mode":"MPOL_BIND"}',
    'found string "", expected at least one node, as mode is MPOL_BIND',
    `${POLICY}/nodes`,
  ],
  [
    POLICY,
    '{"mode":"MPOL_DEFAULT","nodes":"0"}',
    'found string "0", expected no nodes, as mode is MPOL_DEFAULT',
    `${POLICY}/nodes`,
  ],
  [
    POLICY,
    '{"mode":"MPOL_BIND","nodes":"a"}',
    'found string "a", expected a list of numbers and ranges such as 0-3,7',
    `${POLICY}/nodes`,
  ],
  [
    POLICY,
    '{"mode":"MPOL_BIND","nodes":"0","flags":["MPOL_F_STATIC_NODES","MPOL_F_RELATIVE_NODES"]}',
    "MPOL_F_STATIC_NODES and MPOL_F_RELATIVE_NODES exclude each other",
    `${POLICY}/flags`,
  ],
  [
    POLICY,
    '{"mode":"MPOL_BIND","nodes":"0","flags":["X"]}',
    'found string "X", expected one of MPOL_F_NUMA_BALANCING, MPOL_F_RELATIVE_NODES, MPOL_F_STATIC_NODES',
    `${POLICY}/flags/0`,
  ],
  [
    "/linux/sysctl",
    '{"kernel.core_pattern":"|/x"}',
    'sysctl "kernel.core_pattern" is not in a separate kernel namespace',
  ],
  ["/linux/sysctl", '{"vm.swappiness":"1"}', 'sysctl "vm.swappiness" is not in a separate kernel namespace'],
  [
    "/linux/sysctl",
    '{"net/../kernel/core_pattern":"x"}',
    'sysctl "net/../kernel/core_pattern" is not the name of a kernel parameter',
  ],
  ["/linux/sysctl", '{"net..a":"x"}', 'sysctl "net..a" is not the name of a kernel parameter'],
  ["/linux/sysctl", '{"/net/a":"x"}', 'sysctl "/net/a" is not the name of a kernel parameter'],
  ["/linux/sysctl", '{"net":"x"}', 'sysctl "net" is not in a separate kernel namespace'],
  [
    "/linux/sysctl",
    '{"kernel.hostname":"a"}',
    'sysctl "kernel.hostname" is not allowed as it conflicts with the OCI "hostname" field',
  ],
];

describe("accepted", () => testAccepted(ACCEPTED));
describe("rejected", () => testRejected(REJECTED));

test("a domain name is set in one way only", () => {
  const changes = { "/domainname": '"a"', "/linux/sysctl": '{"kernel.domainname":"b"}' };
  expect(errorOf(() => parseSpec(document(changes))).what).toBe(
    'sysctl "kernel.domainname" is not allowed as it conflicts with the OCI "domainname" field',
  );
});

describe("a field whose namespace the container does not have", () => {
  const without = (type: string, more: Changes): Changes => {
    const all = ["pid", "network", "mount", "ipc", "uts", "cgroup"];
    const types = all.filter((other) => other !== type).map((name) => ({ type: name }));
    return {
      [UID]: undefined,
      "/linux/gidMappings": undefined,
      [NAMESPACES]: JSON.stringify(types),
      ...more,
    };
  };
  test.each<[type: string, field: string, json: string, what: string]>([
    ["uts", "/hostname", '"a"', "unable to set hostname without a private UTS namespace"],
    ["uts", "/domainname", '"a"', "unable to set domainname without a private UTS namespace"],
    [
      "mount",
      "/linux/maskedPaths",
      '["/a"]',
      "unable to restrict sys entries without a private MNT namespace",
    ],
    [
      "mount",
      "/linux/readonlyPaths",
      '["/a"]',
      "unable to restrict sys entries without a private MNT namespace",
    ],
    ["network", NETDEVICES, '{"eth0":{}}', "unable to move network devices without a private NET namespace"],
    [
      "time",
      "/linux/timeOffsets",
      '{"monotonic":{"secs":1}}',
      "time namespace offsets specified, but time namespace isn't enabled in the config",
    ],
    [
      "user",
      UID,
      '[{"containerID":0,"hostID":0,"size":1}]',
      "user namespace mappings specified, but user namespace isn't enabled in the config",
    ],
    [
      "user",
      "/linux/gidMappings",
      '[{"containerID":0,"hostID":0,"size":1}]',
      "user namespace mappings specified, but user namespace isn't enabled in the config",
    ],
    [
      "ipc",
      "/linux/sysctl",
      '{"kernel.shmmax":"1"}',
      'sysctl "kernel.shmmax" is not allowed in the hosts ipc namespace',
    ],
    [
      "ipc",
      "/linux/sysctl",
      '{"fs.mqueue.msg_max":"1"}',
      'sysctl "fs.mqueue.msg_max" is not allowed in the hosts ipc namespace',
    ],
    [
      "network",
      "/linux/sysctl",
      '{"net.ipv4.ip_forward":"1"}',
      'sysctl "net.ipv4.ip_forward" not allowed in host network namespace',
    ],
    [
      "user",
      "/linux/sysctl",
      '{"user.max_pid_namespaces":"1"}',
      'setting ucounts without a user namespace not allowed: "user.max_pid_namespaces"',
    ],
    [
      "uts",
      "/linux/sysctl",
      '{"kernel.domainname":"a"}',
      'sysctl "kernel.domainname" is not in a separate kernel namespace',
    ],
  ])("%s: %s %s", (type, field, json, what) => {
    const record = errorOf(() => parseSpec(document(without(type, { [field]: json }))));
    expect([record.pointer, record.what]).toEqual([field, what]);
  });

  test("an id map to take over", () => {
    const mounts = '[{"destination":"/a"},{"destination":"/b","options":["ridmap"]}]';
    expect(errorOf(() => parseSpec(document(without("user", { "/mounts": mounts }))))).toEqual({
      pointer: "/mounts/1/options",
      what: "idmap mount without mappings, and the container has no user namespace to take them from",
    });
  });

  test.each([
    ["/linux/maskedPaths", "[]"],
    [NETDEVICES, "{}"],
    ["/linux/timeOffsets", "{}"],
    [UID, "[]"],
  ])("%s may be there and empty", (field, json) => {
    expect(() => parseSpec(document(without("mount", { [field]: json })))).not.toThrow();
  });
});

describe("a namespace to join", () => {
  const join = (type: string) => JSON.stringify([{ type, path: "/proc/1/ns/x" }]);

  test("with mappings of its own is a warning", () => {
    expect(parseSpec(document({ [NAMESPACES]: join("user") })).warnings).toEqual([
      {
        pointer: UID,
        what: "both a user namespace path and mappings specified; they must match",
        hint: "you may only provide one",
      },
    ]);
  });

  test("needs no mappings", () => {
    const changes = { [NAMESPACES]: join("user"), [UID]: undefined, "/linux/gidMappings": undefined };
    expect(parseSpec(document(changes)).warnings).toEqual([]);
  });

  test("takes no time offsets", () => {
    const changes = {
      [NAMESPACES]: join("time"),
      [UID]: undefined,
      "/linux/gidMappings": undefined,
      "/linux/timeOffsets": '{"boottime":{"secs":1}}',
    };
    expect(errorOf(() => parseSpec(document(changes)))).toEqual({
      pointer: "/linux/timeOffsets",
      what: "time namespace enabled, but both namespace path and time offsets specified",
      hint: "you may only provide one",
    });
  });
});

test("a device that is listed twice is made once", () => {
  const device = '{"type":"c","path":"/dev/fuse","major":10,"minor":229}';
  expect(parsed({ [DEVICES]: `[${device},${device.replace("/dev", "//dev")}]` }, DEVICES)).toHaveLength(1);
});

describe("sysctlPath: sysctl(8) decides by the first separator", () => {
  test.each([
    ["net.ipv4.conf.eth0", "net/ipv4/conf/eth0"],
    ["net.ipv4.conf.eth0/1.forwarding", "net/ipv4/conf/eth0.1/forwarding"],
    ["net/ipv4/conf/eth0.1/forwarding", "net/ipv4/conf/eth0.1/forwarding"],
    ["kernel", "kernel"],
    ["a..b", undefined],
    ["a/./b", undefined],
    ["a/../b", undefined],
    // Between dots a slash is a dot: this is `a/../b` again.
    ["a.//.b", undefined],
    [".a", undefined],
    ["a/", undefined],
    ["", undefined],
  ])("%s", (key, path) => {
    expect(sysctlPath(key)).toBe(path);
  });
});
