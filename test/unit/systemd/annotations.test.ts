// Annotations org.systemd.property.*, and the GVariant text in them.

import { describe, expect, test } from "vitest";
import { type Value, variant } from "../../../src/cgroups/systemd/dbus/value.ts";
import { annotationProperties } from "../../../src/cgroups/systemd/unit/annotations.ts";
import { parseGVariant } from "../../../src/cgroups/systemd/unit/gvariant.ts";

describe("GVariant text", () => {
  test.each<readonly [string, string, Value]>([
    ["true", "b", true],
    ["false", "b", false],
    ["boolean true", "b", true],
    ["'text'", "s", "text"],
    ['"it\'s"', "s", "it's"],
    ["'a\\'b\\\\c\\nd'", "s", "a'b\\c\nd"],
    ["''", "s", ""],
    ["5", "i", 5],
    ["-5", "i", -5],
    ["0x1F", "i", 31],
    ["017", "i", 15],
    ["0", "i", 0],
    ["1.5", "d", 1.5],
    ["-1e3", "d", -1000],
    ["1.5e-1", "d", 0.15],
    ["uint64 18446744073709551615", "t", 18446744073709551615n],
    ["int64 -5", "x", -5n],
    ["uint32 7", "u", 7],
    ["byte 0xff", "y", 255],
    ["double 3", "d", 3],
    ["objectpath '/a/b'", "o", "/a/b"],
    ["signature 'a{sv}'", "g", "a{sv}"],
    ["['a', 'b']", "as", ["a", "b"]],
    ["['crio.service']", "as", ["crio.service"]],
    ["@as []", "as", []],
    ["[uint64 1, 2]", "at", [1n, 2n]],
    ["[1, uint64 2]", "at", [1n, 2n]],
    ["@ay [1, 2]", "ay", Uint8Array.of(1, 2)],
    ["[[1], [2]]", "aai", [[1], [2]]],
    ["('a', 5)", "(si)", ["a", 5]],
    ["[('/dev/char/1:3', 'rwm')]", "a(ss)", [["/dev/char/1:3", "rwm"]]],
    ["@a(ss) []", "a(ss)", []],
    [
      "{'a': 1, 'b': 2}",
      "a{si}",
      [
        ["a", 1],
        ["b", 2],
      ],
    ],
    ["<'a'>", "v", variant("s", "a")],
    ["{'a': <uint64 1>}", "a{sv}", [["a", variant("t", 1n)]]],
    ["  true  ", "b", true],
  ])("%s", (text, signature, value) => {
    expect(parseGVariant(text)).toEqual({ signature, value });
  });

  test.each([
    ["", "a value is missing"],
    ["[]", "the type of an empty array is not known"],
    ["text", "text is written in quotes"],
    ["'open", "is no value"],
    ["true false", "is too much"],
    ["[1, 'a']", "for the type i"],
    ["[1 2]", 'expected ","'],
    ["[1", 'expected ","'],
    ["[1,", "a value is missing"],
    ["uint64 'a'", "for the type t"],
    ["uint64 1.5", "for the type t"],
    ["@q -", "is no value"],
    ["@as 5", "for the type a"],
    ["@zz 5", "is no type"],
    ["[uint64 1, uint32 2]", "the types of its parts differ"],
    ["1.2.3", "for the type i"],
    ["'\\u00e4'", "is not supported"],
    [`${"[".repeat(20)}1${"]".repeat(20)}`, "nested too deep"],
    ["constructor", "is no value"],
  ])("%s is refused", (text, why) => {
    expect(() => parseGVariant(text)).toThrow(why);
  });
});

describe("annotations", () => {
  const of = (name: string, value: string) =>
    annotationProperties({ [`org.systemd.property.${name}`]: value });

  test("others are none of ours", () => {
    expect(annotationProperties({ "io.kubernetes.pod": "x", "org.systemd.other": "y" })).toEqual([]);
  });

  // What CRI-O writes, and the documentation of runc.
  test.each<readonly [string, string, string, string, Value]>([
    ["TimeoutStopUSec", "uint64 5000000", "TimeoutStopUSec", "t", 5000000n],
    ["After", "['crio.service']", "After", "as", ["crio.service"]],
    ["DefaultDependencies", "true", "DefaultDependencies", "b", true],
    ["CollectMode", "'inactive-or-failed'", "CollectMode", "s", "inactive-or-failed"],
    ["TimeoutStopSec", "123", "TimeoutStopUSec", "t", 123000000n],
    ["TimeoutStopSec", "uint64 5", "TimeoutStopUSec", "t", 5000000n],
    ["RestartSec", "0.25", "RestartUSec", "t", 250000n],
    ["PSec", "1", "PSec", "i", 1],
  ])("%s: %s", (name, text, property, signature, value) => {
    expect(of(name, text)).toEqual([{ name: property, value: { signature, value } }]);
  });

  test.each([
    ["Memory-Max", "true", "found property name"],
    ["Ab", "true", "at least three letters"],
    ["PIDs", "[uint32 1]", "follows from linux.cgroupsPath"],
    ["Slice", "'a.slice'", "follows from linux.cgroupsPath"],
    ["TimeoutStopSec", "'5'", "expected a number of seconds"],
    ["TimeoutStopSec", "-5", "expected a number of seconds"],
    ["TimeoutStopUSec", "5s", "cannot parse"],
    ["MemoryMax", "byte 300", "cannot hold"],
    ["Description", "'a\\\n\xff'", "cannot hold"],
  ])("%s: %s is refused", (name, value, why) => {
    expect(() => of(name, value)).toThrow(`/annotations/org.systemd.property.${name}: `);
    expect(() => of(name, value)).toThrow(why);
  });
});
