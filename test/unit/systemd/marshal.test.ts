// Values of D-Bus to bytes and back. The bytes are those of the D-Bus specification, "Marshaling", where it has them.

import { describe, expect, test } from "vitest";
import { marshal } from "../../../src/cgroups/systemd/dbus/marshal.ts";
import { parseSignature } from "../../../src/cgroups/systemd/dbus/signature.ts";
import { unmarshal } from "../../../src/cgroups/systemd/dbus/unmarshal.ts";
import { type Value, variant } from "../../../src/cgroups/systemd/dbus/value.ts";
import { byteString, bytesOf, hexOf } from "./hex.ts";

const nested = (levels: number): Value => (levels === 0 ? variant("y", 1) : variant("v", nested(levels - 1)));

const GOLDEN: readonly (readonly [string, readonly Value[], string])[] = [
  // The three strings of the specification's example.
  ["sss", ["foo", "+", "bar"], "03 00 00 00 'foo' 00 01 00 00 00 '+' 00 00 00 03 00 00 00 'bar' 00"],
  // Its array: the padding before the first element is not counted.
  ["ax", [[5n]], "08 00 00 00 00 00 00 00 05 00 00 00 00 00 00 00"],
  ["ax", [[]], "00 00 00 00 00 00 00 00"],
  ["y", [255], "ff"],
  ["b", [true], "01 00 00 00"],
  ["n", [-2], "fe ff"],
  ["q", [0xfffe], "fe ff"],
  ["i", [-2], "fe ff ff ff"],
  ["u", [0xfffffffe], "fe ff ff ff"],
  ["x", [-2n], "fe ff ff ff ff ff ff ff"],
  ["t", [0xffff_ffff_ffff_fffen], "fe ff ff ff ff ff ff ff"],
  ["d", [1.5], "00 00 00 00 00 00 f8 3f"],
  ["h", [3], "03 00 00 00"],
  ["o", ["/a/b_1"], "06 00 00 00 '/a/b_1' 00"],
  ["g", ["a{sv}"], "05 'a{sv}' 00"],
  ["yn", [1, 2], "01 00 02 00"],
  ["yu", [1, 2], "01 00 00 00 02 00 00 00"],
  ["yt", [1, 2n], "01 00 00 00 00 00 00 00 02 00 00 00 00 00 00 00"],
  ["y(y)", [1, [2]], "01 00 00 00 00 00 00 00 02"],
  ["ay", [Uint8Array.of(7, 8, 9)], "03 00 00 00 07 08 09"],
  ["au", [[1, 2]], "08 00 00 00 01 00 00 00 02 00 00 00"],
  ["v", [variant("u", 258)], "01 'u' 00 00 02 01 00 00"],
  ["v", [variant("t", 5n)], "01 't' 00 00 00 00 00 00 05 00 00 00 00 00 00 00"],
  ["a{yq}", [[[1, 2]]], "04 00 00 00 00 00 00 00 01 00 02 00"],
  [
    "a(sv)",
    [[["a", variant("b", false)]]],
    "10 00 00 00 00 00 00 00 01 00 00 00 'a' 00 01 'b' 00 00 00 00 00 00 00 00",
  ],
  ["s", [byteString("ü")], "02 00 00 00 c3 bc 00"],
];

describe("marshal", () => {
  test.each(GOLDEN)("%s %o is what the specification says", (signature, values, bytes) => {
    expect(hexOf(marshal(signature, values))).toBe(hexOf(bytesOf(bytes)));
    expect(unmarshal(signature, bytesOf(bytes))).toEqual(values);
  });

  test("grows beyond its first buffer", () => {
    const list = Array.from({ length: 1000 }, (_, index) => [`name${index}`, variant("t", BigInt(index))]);
    expect(unmarshal("a(sv)", marshal("a(sv)", [list]))).toEqual([list]);
  });

  test.each<readonly [string, Value]>([
    ["y", 256],
    ["y", -1],
    ["n", 0x8000],
    ["q", 0x10000],
    ["i", 0x8000_0000],
    ["u", 0x1_0000_0000],
    ["u", -1],
    ["u", 1.5],
    ["u", 1n],
    ["x", 0x8000_0000_0000_0000n],
    ["t", -1n],
    ["t", 5],
    ["b", 1],
    ["d", "1"],
    ["s", "a\0b"],
    ["s", "\xff"],
    ["o", "a"],
    ["o", "/a/"],
    ["o", "//a"],
    ["g", "a"],
    ["v", "a"],
    ["as", "a"],
    ["as", [1]],
    ["au", Uint8Array.of(1)],
    ["(su)", ["a"]],
    ["a{su}", [["a"]]],
  ])("%s refuses %o", (signature, value) => {
    expect(() => marshal(signature, [value])).toThrow(/D-Bus/);
  });

  test("refuses another number of values", () => {
    expect(() => marshal("su", ["a"])).toThrow(/cannot hold/);
  });
});

describe("parseSignature", () => {
  test("as trees", () => {
    expect(parseSignature("sa(a{sv}u)")).toEqual([
      { code: "s" },
      {
        code: "a",
        element: {
          code: "(",
          fields: [
            { code: "a", element: { code: "{", key: { code: "s" }, value: { code: "v" } } },
            { code: "u" },
          ],
        },
      },
    ]);
  });

  test.each([
    ["a", "it ends too early"],
    ["(s", "it ends too early"],
    ["()", "a structure is empty"],
    ["{sv}", "is no type"],
    ["a{vs}", "not a basic type"],
    ["a{s}", "is no type"],
    ["a{sss}", "not two types"],
    ["s)", "is no type"],
    ["r", "is no type"],
    [`${"a".repeat(33)}y`, "more than 32 arrays"],
    [`${"(".repeat(33)}y${")".repeat(33)}`, "more than 32 structures"],
    ["y".repeat(256), "longer than 255"],
  ])("%s is refused", (signature, why) => {
    expect(() => parseSignature(signature)).toThrow(why);
  });

  test("the deepest ones are allowed", () => {
    expect(parseSignature(`${"a".repeat(32)}y`)).toHaveLength(1);
    expect(parseSignature("y".repeat(255))).toHaveLength(255);
  });
});

describe("unmarshal refuses", () => {
  test.each([
    ["u", "01 00 00", "ends too early"],
    ["t", "01 00 00 00", "ends too early"],
    ["s", "ff ff ff ff 'a' 00", "ends too early"],
    ["s", "01 00 00 00 'ab'", "not terminated"],
    ["s", "01 00 00 00 'a'", "ends too early"],
    ["s", "01 00 00 00 00 00", "not UTF-8"],
    ["s", "01 00 00 00 ff 00", "not UTF-8"],
    ["b", "02 00 00 00", "neither 0 nor 1"],
    ["yu", "01 00 01 00 02 00 00 00", "padding is not zero"],
    ["au", "ff ff ff ff 01 00 00 00", "longer than its message"],
    ["au", "05 00 00 00 01 00 00 00 02 00 00 00", "inside of its last element"],
    ["ay", "02 00 00 00 01", "longer than its message"],
    ["v", "02 'su' 00 00 00 00 00", "not one complete type"],
    ["v", "00 00", "not one complete type"],
    ["v", "ff", "ends too early"],
    ["y", "01 02", "after the last value"],
  ])("%s from %s", (signature, bytes, why) => {
    expect(() => unmarshal(signature, bytesOf(bytes))).toThrow(why);
  });

  test("variants without an end", () => {
    expect(unmarshal("v", marshal("v", [nested(63)]))).toEqual([nested(63)]);
    expect(() => unmarshal("v", marshal("v", [nested(64)]))).toThrow("more than 64 containers");
  });

  test("every cut of a message, without another kind of exception", () => {
    const whole = marshal("sa(sv)ax", ["name", [["p", variant("as", ["x", "y"])]], [1n, 2n]]);
    for (let length = 0; length < whole.length; length++) {
      expect(() => unmarshal("sa(sv)ax", whole.slice(0, length))).toThrow("read a message of D-Bus");
    }
  });

  test("no byte of it, changed to any value, is another kind of exception", () => {
    const whole = marshal("sa(sv)ax", ["name", [["p", variant("as", ["x", "y"])]], [1n, 2n]]);
    let refused = 0;
    for (let at = 0; at < whole.length; at++) {
      for (const value of [0, 1, 0x7f, 0x80, 0xff]) {
        const changed = whole.slice();
        changed[at] = value;
        try {
          unmarshal("sa(sv)ax", changed);
        } catch (error) {
          expect(String(error)).toContain("D-Bus");
          refused++;
        }
      }
    }
    expect(refused).toBeGreaterThan(100);
  });
});
