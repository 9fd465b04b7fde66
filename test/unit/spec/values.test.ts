// Rules that hold for every field of a kind: types, null, numbers at the edges of their range, NUL, unknown keys.

import { describe, expect, test } from "vitest";
import { INTERNED_PATHS } from "../../../src/spec/linux.ts";
import { INTERNED_MOUNT } from "../../../src/spec/mounts.ts";
import { parseSpec } from "../../../src/spec/parse.ts";
import { document, errorOf, parsed, testAccepted, testRejected } from "./document.ts";

const TEXT = "/process/apparmorProfile";
const BOOL = "/process/noNewPrivileges";
const INT = "/process/oomScoreAdj";
const UINT64 = "/linux/resources/cpu/shares";
const INT64 = "/linux/resources/cpu/quota";
const ARRAY = "/process/args";
const OBJECT = "/process";
const MAP = "/annotations";

describe("a value of another type is refused, and both are named", () => {
  testRejected([
    [TEXT, "5", "found number 5, expected a string"],
    [TEXT, "true", "found true, expected a string"],
    [TEXT, "[]", "found an array of 0, expected a string"],
    [TEXT, "{}", "found an object, expected a string"],
    [BOOL, '"yes"', 'found string "yes", expected true or false'],
    [BOOL, "0", "found number 0, expected true or false"],
    [INT, '"1"', 'found string "1", expected an integer from -1000 to 1000'],
    [INT, "1.5", "found number 1.5, expected an integer from -1000 to 1000"],
    [UINT64, '"1"', 'found string "1", expected an integer from 0 to 18446744073709551615'],
    [UINT64, "false", "found false, expected an integer from 0 to 18446744073709551615"],
    [ARRAY, '{"0":"sh"}', "found an object, expected an array"],
    [ARRAY, '"sh"', 'found string "sh", expected an array'],
    [ARRAY, '["sh",1]', "found number 1, expected a string", "/process/args/1"],
    [ARRAY, '["sh",null]', "found null, expected a string", "/process/args/1"],
    [OBJECT, "[]", "found an array of 0, expected an object"],
    [MAP, "[]", "found an array of 0, expected an object"],
    [MAP, '{"a/b~":1}', "found number 1, expected a string", "/annotations/a~1b~0"],
  ]);

  test.each([
    ["[]", "found an array of 0, expected an object"],
    ["null", "found null, expected an object"],
    ['"{}"', 'found string "{}", expected an object'],
  ])("the document itself: %s", (text, what) => {
    expect(errorOf(() => parseSpec(text))).toEqual({ pointer: "", what });
  });
});

describe("a required field", () => {
  testRejected([
    ["/ociVersion", undefined, "found nothing, expected a SemVer version 1.x.y"],
    ["/root", undefined, "found nothing, expected an object"],
    ["/root", "null", "found null, expected an object"],
    ["/root/path", undefined, "found nothing, expected a string"],
    ["/process/args", undefined, "found nothing, expected an array with the command to run"],
    ["/process/args", "null", "found null, expected an array with the command to run"],
    ["/process/cwd", undefined, "found nothing, expected an absolute path"],
    ["/process/user", undefined, "found nothing, expected an object"],
    ["/process/user/uid", undefined, "found nothing, expected an integer from 0 to 4294967294"],
    ["/process/user/gid", undefined, "found nothing, expected an integer from 0 to 4294967294"],
  ]);
});

test("the process may be missing until start", () => {
  expect(parsed({ "/process": undefined }, "/process")).toBe(undefined);
  expect(parsed({ "/process": "null" }, "/process")).toBe(undefined);
});

describe("null and the empty string are absent where a field is optional", () => {
  test.each([TEXT, BOOL, INT, UINT64, MAP, "/mounts", "/hooks", "/linux", "/process/user/umask"])(
    "%s",
    (pointer) => {
      expect(parsed({ [pointer]: "null" }, pointer)).toBe(undefined);
    },
  );

  test.each([
    TEXT,
    "/hostname",
    "/domainname",
    "/linux/cgroupsPath",
    "/linux/mountLabel",
    "/linux/rootfsPropagation",
    "/linux/namespaces/0/path",
    "/linux/resources/cpu/cpus",
    "/linux/intelRdt/closID",
    "/linux/seccomp/listenerPath",
  ])("%s", (pointer) => {
    const changes = { "/linux/seccomp/defaultAction": '"SCMP_ACT_ALLOW"', [pointer]: '""' };
    expect(parsed(changes, pointer)).toBe(undefined);
  });
});

describe("integers", () => {
  testAccepted([
    [INT, "-1000", -1000],
    [INT, "1000", 1000],
    [INT, "1e3", 1000],
    [INT, "10.0", 10],
    [INT, "-0", 0],
    [UINT64, "0", 0n],
    [UINT64, "-0", 0n],
    [UINT64, "-0.0", 0n],
    [UINT64, "1e15", 1000000000000000n],
    [UINT64, "9007199254740993", 9007199254740993n],
    [UINT64, "18446744073709551615", 18446744073709551615n],
    [INT64, "-9223372036854775808", -9223372036854775808n],
    [INT64, "9223372036854775807", 9223372036854775807n],
  ]);

  testRejected([
    [INT, "-1001", "found number -1001, expected an integer from -1000 to 1000"],
    [INT, "1001", "found number 1001, expected an integer from -1000 to 1000"],
    [INT, "1e400", "found number Infinity, expected an integer from -1000 to 1000"],
    [
      INT,
      "18446744073709551615",
      "found number 18446744073709551615, expected an integer from -1000 to 1000",
    ],
    [UINT64, "-1", "found number -1, expected an integer from 0 to 18446744073709551615"],
    [
      UINT64,
      "18446744073709551616",
      "found number 18446744073709551616, expected an integer from 0 to 18446744073709551615",
    ],
    // Nobody knows which integer was meant.
    [UINT64, "1e18", "found number 1000000000000000000, expected an integer from 0 to 18446744073709551615"],
    [UINT64, "0.5", "found number 0.5, expected an integer from 0 to 18446744073709551615"],
    [UINT64, "1e400", "found number Infinity, expected an integer from 0 to 18446744073709551615"],
    [
      UINT64,
      "1".repeat(64),
      `found number ${"1".repeat(60)}..., expected an integer from 0 to 18446744073709551615`,
    ],
    [
      INT64,
      "9223372036854775808",
      "found number 9223372036854775808, expected an integer from -9223372036854775808 to 9223372036854775807",
    ],
    [
      INT64,
      "-9223372036854775809",
      "found number -9223372036854775809, expected an integer from -9223372036854775808 to 9223372036854775807",
    ],
  ]);

  test("-0 is read as 0 and not as -0", () => {
    expect(Object.is(parsed({ [INT]: "-0" }, INT), 0)).toBe(true);
  });
});

describe("no string has a NUL in it", () => {
  const nul = 'found string "a\\x00b", expected a string without NUL';
  testRejected([
    ["/root/path", '"a\\u0000b"', nul],
    ["/hostname", '"a\\u0000b"', nul],
    ["/process/apparmorProfile", '"a\\u0000b"', nul],
    ["/process/args", '["a\\u0000b"]', nul, "/process/args/0"],
    [
      "/process/env",
      '["A=\\u0000"]',
      'found string "A=\\x00", expected a string without NUL',
      "/process/env/0",
    ],
    ["/process/cwd", '"/\\u0000"', 'found string "/\\x00", expected a string without NUL'],
    ["/mounts", '[{"destination":"a\\u0000b"}]', nul, "/mounts/0/destination"],
    ["/mounts", '[{"destination":"/a","source":"a\\u0000b"}]', nul, "/mounts/0/source"],
    ["/mounts", '[{"destination":"/a","type":"a\\u0000b"}]', nul, "/mounts/0/type"],
    ["/mounts", '[{"destination":"/a","options":["a\\u0000b"]}]', nul, "/mounts/0/options/0"],
    [
      "/hooks/prestart",
      '[{"path":"/\\u0000"}]',
      'found string "/\\x00", expected a string without NUL',
      "/hooks/prestart/0/path",
    ],
    ["/annotations", '{"a":"a\\u0000b"}', nul, "/annotations/a"],
    [
      "/annotations",
      '{"a\\u0000b":""}',
      'found key string "a\\x00b", expected keys that are not empty and have no NUL',
    ],
    ["/annotations", '{"":""}', 'found key string "", expected keys that are not empty and have no NUL'],
    [
      "/linux/maskedPaths",
      '["/\\u0000"]',
      'found string "/\\x00", expected a string without NUL',
      "/linux/maskedPaths/0",
    ],
    ["/linux/cgroupsPath", '"a\\u0000b"', nul],
    ["/linux/sysctl", '{"kernel.sem":"a\\u0000b"}', nul, "/linux/sysctl/kernel.sem"],
    [
      "/linux/devices",
      '[{"type":"p","path":"/\\u0000"}]',
      'found string "/\\x00", expected a string without NUL',
      "/linux/devices/0/path",
    ],
    ["/linux/resources/unified", '{"a.b":"a\\u0000b"}', nul, "/linux/resources/unified/a.b"],
    ["/process/capabilities/bounding", '["a\\u0000b"]', nul, "/process/capabilities/bounding/0"],
  ]);
});

test("bytes that are not UTF-8 stay what they are", () => {
  expect(parsed({ "/process/args": '["\xff\xfe", "\xc3", "\\u00e9"]' }, "/process/args")).toEqual([
    "\xff\xfe",
    "\xc3",
    "\xc3\xa9",
  ]);
});

test("an error quotes what was found in printable ASCII, and not all of it", () => {
  const found = (json: string) => errorOf(() => parseSpec(document({ "/process/cwd": json }))).what;
  expect(found('"a\\n\\u001b[31m\xff\\"\\\\"')).toBe(
    'found string "a\\n\\x1b[31m\\xff\\"\\\\", expected an absolute path',
  );
  expect(found(`"${"x".repeat(1000)}"`)).toBe(
    `found string "${"x".repeat(60)}...", expected an absolute path`,
  );
});

test("unknown keys are ignored, whatever they hold", () => {
  const changes = {
    "/windows": "[1]",
    "/process/commandLine": "1",
    "/linux/none": "{}",
    "/root/none": "null",
  };
  expect(parsed(changes, "/process")).toEqual(parsed({}, "/process"));
});

describe("keys that every object has", () => {
  test("are not fields", () => {
    const text = document({}).replace(
      '"root":{',
      '"__proto__":{"hostname":"evil"},"root":{"__proto__":{"readonly":1},',
    );
    const { spec } = parseSpec(text);
    expect(spec.hostname).toBe(undefined);
    expect(spec.root).toEqual({ path: "rootfs" });
    expect({}).not.toHaveProperty("readonly");
  });

  test("do not stand for a field that is missing", () => {
    const text = document({ "/root": undefined }).replace("{", '{"__proto__":{"root":{"path":"/"}},');
    expect(errorOf(() => parseSpec(text)).pointer).toBe("/root");
  });

  test("are keys like others in a map", () => {
    const annotations = parsed(
      { "/annotations": '{"__proto__":"a","constructor":"b"}' },
      "/annotations",
    ) as object;
    expect(Object.entries(annotations)).toEqual([
      ["__proto__", "a"],
      ["constructor", "b"],
    ]);
    expect(Object.getPrototypeOf(annotations)).toBe(null);
  });
});

test("of duplicate keys the last one counts, and only that one is checked", () => {
  expect(parsed({ "/hostname": '1,"hostname":"b"' }, "/hostname")).toBe("b");
});

describe("values that are alike may be one", () => {
  const mount = { destination: "/a", type: "tmpfs", source: "b", options: ["ro", "nosuid"] };
  const interned = [INTERNED_MOUNT.intern(mount), INTERNED_PATHS.intern(["/b", "/c"])];
  const parse = (changes: object, paths = ["/b", "/c"]) => {
    const list = JSON.stringify([{ ...mount, ...changes }]);
    return parseSpec(document({ "/mounts": list, "/linux/maskedPaths": JSON.stringify(paths) })).spec;
  };

  test("and are where they are", () => {
    expect(parse({}).mounts?.[0]).toBe(interned[0]);
    expect(parse({ unknown: 12345678901234567890n.toString() }).mounts?.[0]).toBe(interned[0]);
    expect(parse({}).linux?.maskedPaths).toBe(interned[1]);
  });

  test.each([
    { options: ["ro"] },
    { options: ["nosuid", "ro"] },
    { source: "c" },
    { type: "ramfs" },
    {
      uidMappings: [{ containerID: 0, hostID: 0, size: 1 }],
      gidMappings: [{ containerID: 0, hostID: 0, size: 1 }],
    },
  ])("but not with %j", (changes) => {
    const [parsed] = parse(changes).mounts ?? [];
    expect(parsed).not.toBe(interned[0]);
    expect(parsed).toEqual({ ...mount, ...changes });
  });

  test("a NUL or a nested list makes nothing alike", () => {
    expect(() => parse({ options: ["ro\0nosuid"] })).toThrow("NUL");
    expect(() => parse({ source: "b\0ro", options: ["nosuid"] })).toThrow("NUL");
    expect(() => parse({ options: [["ro"], "nosuid"] })).toThrow("a string");
    expect(() => parse({ options: [["ro", "nosuid"]] })).toThrow("a string");
    expect(() => parse({}, ["/b\0/c"])).toThrow("NUL");
  });

  test("what is wrong is not interned", () => {
    expect(() => INTERNED_MOUNT.intern({ ...mount, destination: "" })).toThrow();
    expect(() => INTERNED_MOUNT.intern({ destination: "/a" })).toThrow("name");
  });
});
