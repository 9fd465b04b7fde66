import { describe, expect, test } from "vitest";
import {
  addressOn,
  decodeAddress,
  decodeLink,
  decodeMessages,
  encodeMessage,
  errnoOf,
  IFLA_IFNAME,
  linkHeader,
  RTM_GETLINK,
  RTM_NEWADDR,
  text,
} from "../../src/abi/rtnetlink.ts";
import { words } from "../../src/abi/structs.ts";

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");
const bytes = (text: string) => Uint8Array.from(Buffer.from(text.replaceAll(" ", ""), "hex"));

describe("a request", () => {
  test("is header, body and padded attributes", () => {
    const request = encodeMessage(RTM_GETLINK, 4, 7, linkHeader(3, 1, 1), [text(IFLA_IFNAME, "eth0")]);
    expect(hex(request)).toBe(
      `2c000000${"1200"}0500${"07000000"}00000000${"00000000030000000100000001000000"}09000300${"6574683000000000"}`,
    );
  });
});

describe("answers", () => {
  const link = encodeMessage(16, 0, 1, linkHeader(5, 0x1003));

  test("are taken apart, several in one datagram", () => {
    const error = encodeMessage(2, 0, 1, words(-19));
    const messages = decodeMessages(Uint8Array.from([...link, ...error]));
    expect(messages.map(({ type, sequence }) => [type, sequence])).toEqual([
      [16, 1],
      [2, 1],
    ]);
    expect(messages[0] && decodeLink(messages[0])).toEqual({ index: 5, flags: 0x1003 });
    expect(messages[1] && errnoOf(messages[1])).toBe(19);
  });

  test.each([
    ["nothing", ""],
    ["half a header", "100000001000"],
    ["a length of 0", "00000000 10000000 01000000 00000000"],
    ["a length beyond the end", "ff000000 10000000 01000000 00000000"],
  ])("of %s are none", (_, text) => {
    expect(decodeMessages(bytes(text))).toEqual([]);
  });
});

describe("an address", () => {
  // 10.1.2.3/24, permanent, scope 0, on device 9; local address, label, flags.
  const body = bytes(
    "02188000 09000000 0800 0100 0a010203 0800 0200 0a010203 0700 0300 65306100 0800 0800 80000000",
  );
  const decode = (body: Uint8Array) => decodeAddress({ type: RTM_NEWADDR, sequence: 0, body });

  test("keeps what is set again, and no label", () => {
    const address = decode(body);
    expect(address).toMatchObject({ index: 9, isGlobal: true, isPermanent: true });
    expect(address.attributes.map(({ type }) => type)).toEqual([1, 2, 8]);
    expect(hex(addressOn(4, address))).toBe("0218800004000000");
  });

  test("is known by its flags and its scope", () => {
    const temporary = body.slice();
    temporary.set(words(0), temporary.length - 4);
    expect(decode(temporary).isPermanent).toBe(false);
    const local = body.slice();
    local[3] = 253;
    expect(decode(local).isGlobal).toBe(false);
  });

  test("with attributes that are too long has none", () => {
    expect(decode(bytes("02188000 09000000 ff00 0100 0a010203")).attributes).toEqual([]);
  });
});
