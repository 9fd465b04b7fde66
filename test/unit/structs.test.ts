// Structures of the kernel's interface, byte for byte.

import { describe, expect, test } from "vitest";
import { deviceNumber, getLong, getWord, longs, mountAttr, openHow, words } from "../../src/abi/structs.ts";

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");

test("words are 32 bits, little endian", () => {
  expect(hex(words(1, 0x89abcdef, -1))).toBe("01000000efcdab89ffffffff");
});

describe("longs are 64 bits", () => {
  test.each<[value: number | bigint, bytes: string]>([
    [0, "0000000000000000"],
    [1, "0100000000000000"],
    [-1, "ffffffffffffffff"],
    [-2, "feffffffffffffff"],
    [0xffffffff, "ffffffff00000000"],
    [0x1_0000_0000, "0000000001000000"],
    [-0x1_0000_0000, "00000000ffffffff"],
    [-0x1_0000_0001, "fffffffffeffffff"],
    [Number.MAX_SAFE_INTEGER, "ffffffffffff1f00"],
    [Number.MIN_SAFE_INTEGER, "010000000000e0ff"],
    [0xffffffffffffffffn, "ffffffffffffffff"],
    [-1n, "ffffffffffffffff"],
    [0x0123456789abcdefn, "efcdab8967452301"],
  ])("%s", (value, bytes) => {
    expect(hex(longs(value))).toBe(bytes);
    expect(hex(longs(5, value))).toBe(`05${"00".repeat(7)}${bytes}`);
  });
});

test("words and longs are read where they are, also in a part of a buffer", () => {
  const part = longs(7, 0x1_2345_6789, 9).subarray(8);
  expect(() => getWord(part, 13)).toThrow(RangeError);
  expect([getLong(part, 0), getLong(part, 8), getWord(part, 0)]).toEqual([0x1_2345_6789, 9, 0x23456789]);
});

test("struct open_how: flags, mode, resolve of 64 bits each", () => {
  expect(hex(openHow(0x80000, 0x12, 0o644))).toBe(
    ["0000080000000000", "a401000000000000", "1200000000000000"].join(""),
  );
});

test("struct mount_attr: set, clear, propagation, userns_fd", () => {
  expect(hex(mountAttr(0x200001, 0x70, 0x80000))).toBe(
    ["0100200000000000", "7000000000000000", "0000080000000000", "0000000000000000"].join(""),
  );
});

describe("device numbers", () => {
  test.each([
    [1, 3, 0x103],
    [8, 300, 0x10082c],
    [4095, 1048575, 0xffffffff],
    [0, 256, 0x100000],
    [136, 0, 0x8800],
  ])("%d:%d", (major, minor, number) => {
    expect(deviceNumber(major, minor)).toBe(number);
  });
});
