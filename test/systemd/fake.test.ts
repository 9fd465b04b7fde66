// The driver over a real dbus-daemon, with a service manager by another implementation of D-Bus that misbehaves.

import { beforeAll, describe, expect, test } from "vitest";
import { type Answer, drive, type FakeBus, fakeBus, temporaryDirectory } from "./bed.ts";
import { driverBinary } from "./binary.mjs";
import type { Request } from "./driver/main.ts";

const SCOPE = "p-c1.scope";
const PLACE = { cgroupsPath: "a-b.slice:p:c1" };
const MINUTES = 60_000;

beforeAll(async () => {
  await driverBinary();
}, 10 * MINUTES);

async function against(fault: string, request: Request): Promise<{ answer: Answer; bus: FakeBus }> {
  const bus = await fakeBus(fault);
  const answer = await drive({ ...PLACE, ...request }, { DBUS_SYSTEM_BUS_ADDRESS: bus.address });
  return { answer, bus };
}

const START = { operation: "start anywhere", pid: 42 } as const;
const methods = ({ calls }: FakeBus) => calls.map(([method]) => method);

describe("a scope is started", () => {
  test("with everything that another implementation of D-Bus understands", async () => {
    const resources = {
      memory: { limit: 1048576, swap: 2097152 },
      cpu: { shares: 1024, quota: 5000, cpus: "0,9" },
      pids: { limit: -1 },
      devices: [{ allow: false }, { allow: true, type: "c", major: 1, minor: 3, access: "rw" }],
    };
    const annotations = {
      "org.systemd.property.TimeoutStopSec": "5",
      "org.systemd.property.After": "['b.service']",
      "org.systemd.property.Documentation": "@as []",
    };
    const { answer, bus } = await against("", { ...START, resources, annotations });
    expect(answer).toMatchObject({ code: 0, name: SCOPE, path: "/a.slice/a-b.slice/p-c1.scope" });
    expect(bus.calls.at(-1)).toEqual([
      "StartTransientUnit",
      SCOPE,
      "replace",
      {
        Description: ["s", "runt container c1"],
        Slice: ["s", "a-b.slice"],
        Delegate: ["b", true],
        PIDs: ["au", [42]],
        CollectMode: ["s", "inactive-or-failed"],
        MemoryAccounting: ["b", true],
        CPUAccounting: ["b", true],
        IOAccounting: ["b", true],
        TasksAccounting: ["b", true],
        DefaultDependencies: ["b", false],
        MemoryMax: ["t", 1048576],
        MemorySwapMax: ["t", 1048576],
        CPUWeight: ["t", 100],
        CPUQuotaPerSecUSec: ["t", 50000],
        TasksMax: ["t", Number(2n ** 64n - 1n)],
        DevicePolicy: ["s", "strict"],
        DeviceAllow: ["a(ss)", [["/dev/char/1:3", "rw"]]],
        TimeoutStopUSec: ["t", 5000000],
        After: ["as", ["b.service"]],
        Documentation: ["as", []],
      },
      0,
    ]);
    // This systemd is too old for AllowedCPUs.
    expect(bus.calls[0]).toEqual(["Get", "org.freedesktop.systemd1.Manager", "Version"]);
  });

  test("with one call, if the version does not matter", async () => {
    const { answer, bus } = await against("", { ...START, resources: { memory: { limit: 5 } } });
    expect(answer.code).toBe(0);
    expect(methods(bus)).toEqual(["StartTransientUnit"]);
  });

  test("although the signal comes before the answer", async () => {
    expect((await against("signal first", START)).answer.code).toBe(0);
  });

  test("although a failed unit has its name, which is cleared", async () => {
    const { answer, bus } = await against("exists once", START);
    expect(answer.code).toBe(0);
    expect(methods(bus)).toEqual(["StartTransientUnit", "ResetFailedUnit", "StartTransientUnit"]);
  });

  test("from a user namespace, where our uid is another", async () => {
    const bus = await fakeBus("");
    const env = { DBUS_SYSTEM_BUS_ADDRESS: bus.address };
    const under = ["unshare", "--user", "--map-user=1000", "--map-group=1000"];
    expect(await drive({ ...PLACE, ...START }, env, under)).toMatchObject({ code: 0, name: SCOPE });
  });
});

describe("a scope is not started", () => {
  const START_IT = `start systemd unit ${SCOPE}`;

  test("if another unit has its name", async () => {
    const { answer, bus } = await against("exists", START);
    expect(answer).toMatchObject({
      code: 1,
      error: `${START_IT}: org.freedesktop.systemd1.UnitExists: Unit "p-c1.scope" was already loaded.`,
    });
    expect(answer.hint).toContain("systemctl stop");
    expect(methods(bus)).toEqual(["StartTransientUnit", "ResetFailedUnit", "StartTransientUnit"]);
  });

  test("if its job fails, and the unit is cleared", async () => {
    const { answer, bus } = await against("fails", START);
    expect(answer).toMatchObject({ code: 1, error: `${START_IT}: its job ended with "failed"` });
    expect(methods(bus)).toEqual(["StartTransientUnit", "ResetFailedUnit"]);
  });

  test("if somebody else says that it was", async () => {
    const { answer } = await against("forged", START);
    expect(answer).toMatchObject({ code: 1, error: `${START_IT}: its job ended with "failed"` });
  });

  test("if systemd refuses a property: control characters do not reach the terminal", async () => {
    const { answer } = await against("refuses", START);
    expect(answer.error).toBe(
      `${START_IT}: org.freedesktop.DBus.Error.PropertyReadOnly: Cannot set property \\x1b[31mX\\x1b[0m`,
    );
    expect(answer.hint).toContain("this version of systemd");
  });

  test.each(["silent", "no signal"])("by a systemd that is %s until the deadline", async (fault) => {
    const { answer } = await against(fault, { ...START, milliseconds: 700 });
    expect(answer).toMatchObject({ code: 1, error: `${START_IT}: systemd has not answered in time` });
    expect(answer.hint).toContain("systemctl list-jobs");
  });

  test("by a systemd that ends instead of answering", async () => {
    const { answer } = await against("dies", START);
    expect(answer.error).toMatch(`${START_IT}: org.freedesktop.DBus.Error.NoReply: `);
  });

  test("where the bus ends", async () => {
    const bus = await fakeBus("silent");
    const answer = drive({ ...PLACE, ...START }, { DBUS_SYSTEM_BUS_ADDRESS: bus.address });
    await bus.called("StartTransientUnit");
    bus.daemon.kill("SIGKILL");
    expect(await answer).toMatchObject({ code: 1, error: `${START_IT}: the bus has closed the connection` });
  });

  test("on a bus without systemd", async () => {
    const { answer } = await against("absent", START);
    expect(answer.error).toMatch(`${START_IT}: org.freedesktop.DBus.Error.ServiceUnknown: `);
    expect(answer.hint).toContain("systemd is not on this bus");
  });

  test("if the process is in another cgroup than config.json says", async () => {
    const { answer } = await against("", { operation: "start", pid: process.pid });
    expect(answer.error).toMatch(
      /^\/linux\/cgroupsPath: systemd unit p-c1\.scope is at the cgroup \/.*, expected \/a\.slice\/a-b\.slice\/p-c1\.scope$/,
    );
  });
});

describe("a unit", () => {
  test("is stopped and cleared", async () => {
    const { answer, bus } = await against("", { operation: "stop" });
    expect(answer.code).toBe(0);
    expect(bus.calls).toEqual([
      ["StopUnit", SCOPE, "replace"],
      ["ResetFailedUnit", SCOPE],
    ]);
  });

  test("that is gone has stopped", async () => {
    const { answer, bus } = await against("gone", { operation: "stop" });
    expect(answer.code).toBe(0);
    expect(methods(bus)).toEqual(["StopUnit", "ResetFailedUnit"]);
  });

  test("that does not stop is an error", async () => {
    const { answer } = await against("fails", { operation: "stop" });
    expect(answer.error).toBe(`stop systemd unit ${SCOPE}: its job ended with "timeout"`);
  });

  test("is changed until the next boot: an old list of devices is replaced", async () => {
    const resources = { pids: { limit: 7 }, devices: [{ allow: true, type: "c", major: 1, minor: 5 }] };
    const { answer, bus } = await against("", { operation: "update", resources });
    expect(answer.code).toBe(0);
    const properties = [
      ["TasksMax", "t", 7],
      ["DevicePolicy", "s", "strict"],
      ["DeviceAllow", "a(ss)", []],
      ["DeviceAllow", "a(ss)", [["/dev/char/1:5", "rwm"]]],
    ];
    expect(bus.calls).toEqual([["SetUnitProperties", SCOPE, true, properties]]);
  });

  test("of a user is below the service manager of that user", async () => {
    const bus = await fakeBus("");
    const env = { DBUS_SESSION_BUS_ADDRESS: bus.address, XDG_RUNTIME_DIR: temporaryDirectory() };
    const request = { operation: "locate", id: "c1", uid: 1000 } as const;
    expect(await drive(request, env)).toMatchObject({
      name: "runt-c1.scope",
      path: "/user.slice/user-1000.slice/user@1000.service/user.slice/runt-c1.scope",
    });
  });
});

describe("without a bus", () => {
  test("the error says what was tried", async () => {
    const directory = temporaryDirectory();
    const env = { DBUS_SYSTEM_BUS_ADDRESS: `unix:path=${directory}/a;tcp:host=x;unix:abstract=runt/nobody` };
    expect(await drive({ operation: "version" }, env)).toMatchObject({
      code: 1,
      error: `connect to systemd's service manager: ${directory}/a: no such file or directory; @runt/nobody: connection refused`,
    });
  });

  test("users are told about their session", async () => {
    const env = { XDG_RUNTIME_DIR: temporaryDirectory() };
    const answer = await drive({ operation: "version", uid: 1000 }, env);
    expect(answer.error).toContain(`${env.XDG_RUNTIME_DIR}/systemd/private: no such file or directory; `);
    expect(answer.hint).toContain("loginctl enable-linger");
  });
});
