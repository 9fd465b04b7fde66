// Every option of config.md, "Linux mount options", and what it asks the kernel for.

import { describe, expect, test } from "vitest";
import {
  MOUNT_ATTR__ATIME as ATIME,
  MS_PRIVATE,
  MS_SHARED,
  MS_SLAVE,
  MS_UNBINDABLE,
  MOUNT_ATTR_NOATIME as NOATIME,
  MOUNT_ATTR_NODEV as NODEV,
  MOUNT_ATTR_NODIRATIME as NODIRATIME,
  MOUNT_ATTR_NOEXEC as NOEXEC,
  MOUNT_ATTR_NOSUID as NOSUID,
  MOUNT_ATTR_NOSYMFOLLOW as NOSYMFOLLOW,
  MOUNT_ATTR_RDONLY as RDONLY,
  MOUNT_ATTR_STRICTATIME as STRICTATIME,
} from "../../src/abi/constants.ts";
import { type MountOptions, mountOptionNames, parseMountOptions } from "../../src/rootfs/mount_options.ts";

const NOTHING = parseMountOptions([]);
const parse = (...options: readonly string[]) => parseMountOptions(options);

test("no options ask for nothing", () => {
  expect(NOTHING).toEqual({
    bind: undefined,
    set: 0,
    clear: 0,
    recursiveSet: 0,
    recursiveClear: 0,
    propagation: [],
    superblock: [],
    iversion: false,
    remount: false,
    tmpcopyup: false,
    idmap: false,
    ridmap: false,
    data: [],
  });
});

const ATTRIBUTES: readonly (readonly [name: string, set: number, clear: number])[] = [
  ["ro", RDONLY, 0],
  ["rw", 0, RDONLY],
  ["nosuid", NOSUID, 0],
  ["suid", 0, NOSUID],
  ["nodev", NODEV, 0],
  ["dev", 0, NODEV],
  ["noexec", NOEXEC, 0],
  ["exec", 0, NOEXEC],
  // The kernel wants the whole field cleared before a mode of it is set: mount_setattr(2).
  ["noatime", NOATIME, ATIME],
  ["atime", 0, ATIME],
  ["relatime", 0, ATIME],
  ["norelatime", 0, ATIME],
  ["strictatime", STRICTATIME, ATIME],
  ["nostrictatime", 0, ATIME],
  ["nodiratime", NODIRATIME, 0],
  ["diratime", 0, NODIRATIME],
  ["nosymfollow", NOSYMFOLLOW, 0],
  ["symfollow", 0, NOSYMFOLLOW],
];

describe("attributes", () => {
  test.each(ATTRIBUTES)("%s", (name, set, clear) => {
    expect(parse(name)).toEqual({ ...NOTHING, set, clear });
    expect(parse(`r${name}`)).toEqual({ ...NOTHING, recursiveSet: set, recursiveClear: clear });
  });
});

describe("propagation", () => {
  test.each([
    ["shared", MS_SHARED],
    ["slave", MS_SLAVE],
    ["private", MS_PRIVATE],
    ["unbindable", MS_UNBINDABLE],
  ])("%s", (name, flag) => {
    expect(parse(name)).toEqual({ ...NOTHING, propagation: [{ flag, recursive: false }] });
    expect(parse(`r${name}`)).toEqual({ ...NOTHING, propagation: [{ flag, recursive: true }] });
  });

  test("is applied in the order of the options", () => {
    expect(parse("rslave", "shared").propagation).toEqual([
      { flag: MS_SLAVE, recursive: true },
      { flag: MS_SHARED, recursive: false },
    ]);
  });
});

const OTHERS: readonly (readonly [name: string, asks: Partial<MountOptions>])[] = [
  ["defaults", {}],
  ["bind", { bind: "bind" }],
  ["rbind", { bind: "rbind" }],
  ["remount", { remount: true }],
  ["tmpcopyup", { tmpcopyup: true }],
  ["idmap", { idmap: true }],
  ["ridmap", { ridmap: true }],
  ["sync", { superblock: ["sync"] }],
  ["async", { superblock: ["async"] }],
  ["dirsync", { superblock: ["dirsync"] }],
  ["lazytime", { superblock: ["lazytime"] }],
  ["nolazytime", { superblock: ["nolazytime"] }],
  ["mand", { superblock: ["mand"] }],
  ["nomand", { superblock: ["nomand"] }],
  ["iversion", { iversion: true }],
  ["noiversion", {}],
  ["silent", {}],
  ["loud", {}],
];

describe("other options", () => {
  test.each(OTHERS)("%s", (name, asks) => {
    expect(parse(name)).toEqual({ ...NOTHING, ...asks });
  });
});

describe("what no table knows is the filesystem's", () => {
  test.each([
    "size=64k",
    "mode=755",
    "newinstance",
    "nsdelegate",
    "rprivat",
    "r",
    "rconstructor",
    "constructor",
    "RO",
  ])("%s", (option) => {
    expect(parse(option)).toEqual({ ...NOTHING, data: [option] });
  });

  test("the empty option is nobody's", () => {
    expect(parse("")).toEqual(NOTHING);
  });

  test("in its order", () => {
    expect(parse("b=1", "ro", "a=2", "b=3").data).toEqual(["b=1", "a=2", "b=3"]);
  });
});

describe("a later option overrides an earlier one", () => {
  test.each<[options: string, asks: Partial<MountOptions>]>([
    ["ro rw", { clear: RDONLY }],
    ["rw ro", { set: RDONLY }],
    ["nosuid,nodev,suid", { set: NODEV, clear: NOSUID }],
    ["noatime relatime", { clear: ATIME }],
    ["noatime strictatime", { set: STRICTATIME, clear: ATIME }],
    ["strictatime noatime", { set: NOATIME, clear: ATIME }],
    ["relatime noatime", { set: NOATIME, clear: ATIME }],
    ["bind rbind", { bind: "rbind" }],
    ["rbind bind", { bind: "bind" }],
    ["iversion noiversion", {}],
    ["silent loud", {}],
    ["rro rrw", { recursiveClear: RDONLY }],
    // One is for the mount, the other for what is below it as well.
    ["ro rrw", { set: RDONLY, recursiveClear: RDONLY }],
  ])("%s", (options, asks) => {
    expect(parse(...options.split(/[ ,]/))).toEqual({ ...NOTHING, ...asks });
  });
});

test("the names for `features` are those of the specification", () => {
  const attributes = ATTRIBUTES.flatMap(([name]) => [name, `r${name}`]);
  const propagation = ["shared", "slave", "private", "unbindable"].flatMap((name) => [name, `r${name}`]);
  const others = OTHERS.map(([name]) => name);
  expect(mountOptionNames()).toEqual([...attributes, ...propagation, ...others].sort());
});

test("each of the names is an option", () => {
  for (const name of mountOptionNames()) expect(parse(name).data).toEqual([]);
});
