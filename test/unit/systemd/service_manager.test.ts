// Which service manager is asked, and by which sockets.

import { describe, expect, test } from "vitest";
import {
  type BusEnvironment,
  busSockets,
  outsideUid,
  serviceManager,
} from "../../../src/cgroups/systemd/unit/service_manager.ts";

const HOST = "         0          0 4294967295\n";
/** Of rootless Podman. */
const ROOTLESS = "         0       1000          1\n         1     100000      65536\n";

const sockets = (environment: BusEnvironment) =>
  busSockets(environment).map(({ path, isDirect }) => (isDirect ? `direct ${path}` : path));

describe("who we are outside", () => {
  test.each([
    [0, HOST, 0, "system"],
    [1000, HOST, 1000, "user"],
    [0, ROOTLESS, 1000, "user"],
    [1, ROOTLESS, 100000, "user"],
    [1000, "1000 0 1\n", 0, "system"],
    // Not mapped at all.
    [65534, "0 1000 1\n", 65534, "user"],
  ])("uid %d in %j is %d: the %s's service manager", (uid, uidMap, outside, kind) => {
    expect(outsideUid({ uid, uidMap })).toBe(outside);
    expect(serviceManager({ uid, uidMap })).toBe(kind);
  });
});

describe("sockets", () => {
  const root = { uid: 0, uidMap: HOST, DBUS_SESSION_BUS_ADDRESS: "unix:path=/s", XDG_RUNTIME_DIR: "/r" };
  const user = { uid: 0, uidMap: ROOTLESS };

  test("of the system", () => {
    expect(sockets(root)).toEqual(["direct /run/systemd/private", "/run/dbus/system_bus_socket"]);
  });

  test("of the system, where somebody says which bus", () => {
    const DBUS_SYSTEM_BUS_ADDRESS = "unix:path=/a;unix:abstract=b";
    expect(sockets({ ...root, DBUS_SYSTEM_BUS_ADDRESS })).toEqual(["/a", "\0b"]);
  });

  test("of a user, without a session", () => {
    const expected = ["direct /run/user/1000/systemd/private", "/run/user/1000/bus"];
    expect(sockets(user)).toEqual(expected);
    expect(sockets({ ...user, XDG_RUNTIME_DIR: "", DBUS_SESSION_BUS_ADDRESS: "" })).toEqual(expected);
  });

  test("of a user with a session", () => {
    expect(sockets({ ...user, XDG_RUNTIME_DIR: "/r" })).toEqual(["direct /r/systemd/private", "/r/bus"]);
    const session = { XDG_RUNTIME_DIR: "/r", DBUS_SESSION_BUS_ADDRESS: "unix:path=/s,guid=0" };
    expect(sockets({ ...user, ...session })).toEqual(["direct /r/systemd/private", "/s"]);
  });
});
