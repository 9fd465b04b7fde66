// Servers at the socket of a bus that are none, or mean harm: one error each, within the deadline.

import { spawn } from "node:child_process";
import * as net from "node:net";
import { join } from "node:path";
import { beforeAll, expect, onTestFinished, test } from "vitest";
import { bytesOf } from "../unit/systemd/hex.ts";
import { type Answer, drive, temporaryDirectory } from "./bed.ts";
import { driverBinary } from "./binary.mjs";

const MINUTES = 60_000;
const WELCOME = "DATA\r\nOK 0123456789abcdef0123456789abcdef\r\n";
const REQUEST = { operation: "version", milliseconds: 1000 } as const;

beforeAll(async () => {
  await driverBinary();
}, 10 * MINUTES);

/** What the driver makes of a server that answers the authentication with `welcome`, and the first message with `reply`. */
async function against(
  welcome: string | Uint8Array,
  reply: string | Uint8Array = "",
  ends = false,
): Promise<Answer> {
  const path = join(temporaryDirectory(), "bus");
  const server = net.createServer((socket) => {
    socket.on("error", () => {});
    socket.once("data", () => {
      socket.write(welcome);
      if (ends) socket.end();
      else socket.once("data", () => socket.write(reply));
    });
  });
  await new Promise<void>((resolve) => server.listen(path, resolve));
  onTestFinished(() => void server.close());
  return drive(REQUEST, { DBUS_SYSTEM_BUS_ADDRESS: `unix:path=${path}` });
}

const DOING = "read the property Version of systemd";

test("something else", async () => {
  const answer = await against("HTTP/1.1 400 Bad Request\r\n\r\n");
  expect(answer.error).toBe('authenticate to D-Bus: it answers "HTTP/1.1 400 Bad Request"');
});

test("a refusal", async () => {
  const answer = await against("REJECTED DBUS_COOKIE_SHA1\r\n");
  expect(answer.error).toBe('authenticate to D-Bus: it answers "REJECTED DBUS_COOKIE_SHA1"');
  expect(answer.hint).toContain("another user");
});

test("lines without end", async () => {
  expect((await against("x".repeat(1 << 20))).error).toBe("authenticate to D-Bus: its answer does not end");
});

test("one that hangs up", async () => {
  expect((await against(WELCOME, "", true)).error).toBe(`${DOING}: the bus has closed the connection`);
});

test("one that says nothing", async () => {
  expect((await against("")).error).toBe(`${DOING}: systemd has not answered in time`);
  expect((await against(WELCOME)).error).toBe(`${DOING}: systemd has not answered in time`);
});

test.each([
  ["which is longer than anything", "'l' 02 01 01 ff ff ff 7f 01 00 00 00 00 00 00 00", "more than 1048576"],
  ["with more header than anything", "'l' 02 01 01 00 00 00 00 01 00 00 00 ff ff ff 7f", "more than 1048576"],
  ["of another byte order", "'B' 02 01 01 00 00 00 00 01 00 00 00 00 00 00 00", "not little endian"],
  ["that is all zero", "00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00", "not little endian"],
  ["without a serial", "'l' 02 01 01 00 00 00 00 00 00 00 00 00 00 00 00", "its header is not valid"],
])("a message %s", async (_, bytes, why) => {
  expect((await against(WELCOME, bytesOf(bytes))).error).toContain("read a message of D-Bus: ");
  expect((await against(WELCOME, bytesOf(bytes))).error).toContain(why);
});

test("half a message", async () => {
  const half = bytesOf("'l' 02 01 01 08 00 00 00 01 00 00 00 00 00 00 00");
  expect((await against(WELCOME, half)).error).toBe(`${DOING}: systemd has not answered in time`);
});

const FULL = `
import socket, sys
server = socket.socket(socket.AF_UNIX)
server.bind(sys.argv[1])
server.listen(0)
first = socket.socket(socket.AF_UNIX)
first.connect(sys.argv[1])
print("full", flush=True)
sys.stdin.read()
`;

test("one whose queue of connections is full", async () => {
  const path = join(temporaryDirectory(), "bus");
  const server = spawn("python3", ["-c", FULL, path], { stdio: ["pipe", "pipe", "inherit"] });
  onTestFinished(() => void server.kill("SIGKILL"));
  await new Promise((resolve) => server.stdout.once("data", resolve));
  const answer = await drive(REQUEST, { DBUS_SYSTEM_BUS_ADDRESS: `unix:path=${path}` });
  expect(answer.error).toMatch(
    /^connect to systemd's service manager: .*\/bus: resource temporarily unavailable$/,
  );
});
