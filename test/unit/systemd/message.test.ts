// Whole messages, the authentication and addresses.

import { describe, expect, test } from "vitest";
import { parseAddresses, pathAddress } from "../../../src/cgroups/systemd/dbus/address.ts";
import { authenticated } from "../../../src/cgroups/systemd/dbus/authentication.ts";
import {
  decodeMessage,
  encodeMethodCall,
  messageLength,
  readBody,
} from "../../../src/cgroups/systemd/dbus/message.ts";
import { bytesOf, hexOf } from "./hex.ts";

/** org.freedesktop.DBus.Hello, as any client sends it. */
const HELLO = `'l' 01 00 01 00 00 00 00 01 00 00 00 6d 00 00 00
  01 01 'o' 00 15 00 00 00 '/org/freedesktop/DBus' 00 00 00
  02 01 's' 00 14 00 00 00 'org.freedesktop.DBus' 00 00 00 00
  03 01 's' 00 05 00 00 00 'Hello' 00 00 00
  06 01 's' 00 14 00 00 00 'org.freedesktop.DBus' 00 00 00 00`;

/** A method return with an object path, from `:1.5`, and a header field 99 that nobody knows. */
const REPLY = `'l' 02 01 01 08 00 00 00 07 00 00 00 27 00 00 00
  05 01 'u' 00 03 00 00 00
  07 01 's' 00 04 00 00 00 ':1.5' 00 00 00 00
  63 01 'y' 00 01 00 00 00
  08 01 'g' 00 01 'o' 00 00
  03 00 00 00 '/jo' 00`;

describe("messages", () => {
  test("a method call", () => {
    const bus = "org.freedesktop.DBus";
    const call = { destination: bus, path: "/org/freedesktop/DBus", interface: bus, member: "Hello" };
    expect(hexOf(encodeMethodCall(call, 1))).toBe(hexOf(bytesOf(HELLO)));
  });

  test("a method call with a body starts it at a multiple of 8", () => {
    const call = { path: "/a", interface: "b.c", member: "d", signature: "su", values: ["x", 5] };
    const bytes = encodeMethodCall(call, 9);
    expect(messageLength(bytes)).toBe(bytes.length);
    expect(hexOf(bytes.slice(-12))).toBe("01 00 00 00 78 00 00 00 05 00 00 00");
    expect((bytes.length - 12) % 8).toBe(0);
    const { path, interface: name, member, signature, body } = decodeMessage(bytes);
    expect({ path, name, member, signature }).toEqual({
      path: "/a",
      name: "b.c",
      member: "d",
      signature: "su",
    });
    expect(body).toHaveLength(12);
  });

  test("a reply", () => {
    const bytes = bytesOf(REPLY);
    expect(messageLength(bytes)).toBe(bytes.length);
    const message = decodeMessage(bytes);
    expect(message).toMatchObject({ type: 2, replySerial: 3, sender: ":1.5", signature: "o" });
    expect(readBody(message, "o")).toEqual(["/jo"]);
    expect(() => readBody(message, "s")).toThrow("its types are");
  });

  test("too few bytes to tell", () => {
    expect(messageLength(bytesOf(REPLY).slice(0, 15))).toBeUndefined();
  });

  test.each([
    ["B", 0, 0x42, "not little endian"],
    ["version", 3, 2, "its version is 2"],
    ["body", 6, 0x20, "more than 1048576"],
    ["fields", 15, 0x01, "more than 1048576"],
  ])("a header that is wrong in: %s", (_, at, value, why) => {
    const bytes = bytesOf(REPLY);
    bytes[at] = value;
    expect(() => messageLength(bytes)).toThrow(why);
  });

  test("a header field of another type", () => {
    const bytes = bytesOf(REPLY);
    bytes[18] = "i".charCodeAt(0);
    expect(() => decodeMessage(bytes)).toThrow("header field replySerial has another type");
  });

  test("a body that is cut", () => {
    expect(() => decodeMessage(bytesOf(REPLY).slice(0, -1))).toThrow("not that of its parts");
  });
});

describe("authentication", () => {
  const OK = "OK 0123456789abcdef0123456789abcdef\r\n";

  test("is complete with both answers, and counts no byte after them", () => {
    expect(authenticated(`DATA\r\n${OK}l\x02`)).toBe(6 + OK.length);
  });

  test.each(["", "DA", "DATA\r\n", `DATA\r\n${OK.slice(0, -1)}`])("waits after %j", (text) => {
    expect(authenticated(text)).toBeUndefined();
  });

  test.each(["REJECTED EXTERNAL\r\n", "DATA\r\nERROR\r\n", "HTTP/1.1 400 Bad Request\r\n", "x".repeat(2000)])(
    "is refused by %j",
    (text) => {
      expect(() => authenticated(text)).toThrow("authenticate to D-Bus");
    },
  );
});

describe("addresses", () => {
  test.each([
    ["unix:path=/run/dbus/system_bus_socket", ["/run/dbus/system_bus_socket"]],
    ["unix:guid=00,path=/a;unix:abstract=b,guid=1", ["/a", "\0b"]],
    ["tcp:host=localhost,port=1;unix:path=/a", ["/a"]],
    ["unix:path=/a%20b%2c", ["/a b,"]],
    ["unix:path=/a%2", []],
    ["unix:path=/a%00b", []],
    ["unix:path=", []],
    ["unix:runtime=yes", []],
    ["autolaunch:", []],
    ["", []],
  ])("%s", (list, sockets) => {
    expect(parseAddresses(list)).toEqual(sockets);
  });

  test("of a path, which may hold any byte", () => {
    expect(pathAddress("/run/a b;,=%\xff")).toBe("unix:path=/run/a%20b%3b%2c%3d%25%ff");
    expect(parseAddresses(pathAddress("/run/a b;,=%\xff"))).toEqual(["/run/a b;,=%\xff"]);
  });
});
