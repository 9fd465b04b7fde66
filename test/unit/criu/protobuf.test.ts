import { describe, expect, test } from "vitest";
import { decodeMessage, encodeMessage } from "../../../src/criu/protobuf.ts";

const NUMBERS = { a: 1, b: 2, c: 68 };

/** Bytes as protoc 3.21 writes them. */
describe("messages", () => {
  test.each<[string, Parameters<typeof encodeMessage>[1], string]>([
    ["a number", { a: 150 }, "08 96 01"],
    ["zero, which is there", { a: 0 }, "08 00"],
    ["the largest number", { a: 0xffffffff }, "08 ff ff ff ff 0f"],
    ["true", { b: true }, "10 01"],
    ["false", { b: false }, "10 00"],
    ["a text", { b: "testing" }, "12 07 74 65 73 74 69 6e 67"],
    ["an empty text, which is there", { b: "" }, "12 00"],
    ["several texts", { b: ["x", "y"] }, "12 01 78 12 01 79"],
    ["no text", { b: [] }, ""],
    ["what is undefined", { a: undefined, b: "x" }, "12 01 78"],
    ["a message in another", { b: encodeMessage(NUMBERS, { a: 150 }) }, "12 03 08 96 01"],
    ["a field above 15", { c: "x" }, "a2 04 01 78"],
  ])("%s", (_, values, bytes) => {
    expect(hex(encodeMessage(NUMBERS, values))).toBe(bytes);
  });

  test("a text longer than 127 bytes", () => {
    const message = encodeMessage(NUMBERS, { b: "x".repeat(300) });
    expect(hex(message.slice(0, 3))).toBe("12 ac 02");
    expect(decodeMessage(message)?.get(2)).toHaveLength(300);
  });

  test("are what they were", () => {
    const message = encodeMessage(NUMBERS, { a: 0x40000000, b: "\x00\xff", c: true });
    expect([...(decodeMessage(message) ?? [])]).toEqual([
      [1, 0x40000000],
      [2, "\x00\xff"],
      [68, 1],
    ]);
  });
});

describe("what is decoded", () => {
  test("may hold fields of other kinds, which are left out", () => {
    const message = bytes("09 01 02 03 04 05 06 07 08 15 01 02 03 04 18 07");
    expect([...(decodeMessage(message) ?? [])]).toEqual([[3, 7]]);
  });

  test("the last of several counts", () => {
    expect(decodeMessage(bytes("08 01 08 02"))?.get(1)).toBe(2);
  });

  test("a negative number has its last 32 bits", () => {
    expect(decodeMessage(bytes("08 ff ff ff ff ff ff ff ff ff 01"))?.get(1)).toBe(0xffffffff);
  });

  test.each(["08", "08 80", "12 05 78", "12", "09 01", "0b", "12 ff ff ff ff ff ff ff ff ff 01", "80"])(
    "%s is no message",
    (text) => {
      expect(decodeMessage(bytes(text))).toBeUndefined();
    },
  );
});

function hex(text: string): string {
  return [...text].map((char) => char.charCodeAt(0).toString(16).padStart(2, "0")).join(" ");
}

function bytes(text: string): string {
  return text.split(" ").reduce((all, byte) => all + String.fromCharCode(Number.parseInt(byte, 16)), "");
}
