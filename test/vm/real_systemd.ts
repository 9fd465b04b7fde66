// The driver with a real systemd: what it makes of the properties, in its own words and in the cgroup tree.

import { type ChildProcess, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import * as fs from "node:fs";
import { beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { type Answer, drive, temporaryDirectory, type Variables } from "../systemd/bed.ts";
import { driverBinary } from "../systemd/binary.mjs";
import type { Request } from "../systemd/driver/main.ts";
import { type ServiceManager, serviceManager } from "./service_manager.ts";

const MINUTES = 60_000;

let systemd: ServiceManager;

beforeAll(async () => {
  await driverBinary();
  systemd = serviceManager();
}, 10 * MINUTES);

interface Scope {
  readonly name: string;
  readonly request: Pick<Request, "cgroupsPath" | "id" | "pid">;
  readonly process: ChildProcess;
}

/** A process that waits for its unit. */
function scope(): Scope {
  const id = randomBytes(4).toString("hex");
  const process = spawn("sleep", ["1000"], { stdio: "ignore" });
  onTestFinished(() => void process.kill("SIGKILL"));
  const request = { cgroupsPath: `runt-test.slice:p:${id}`, id, pid: process.pid ?? 0 };
  return { name: `p-${id}.scope`, request, process };
}

function call(request: Request, env: Variables = systemd.env): Promise<Answer> {
  return drive(request, env);
}

function cgroupOf(pid: number | undefined): string | undefined {
  return /^0::(.*)$/m.exec(fs.readFileSync(`/proc/${pid}/cgroup`, "utf8"))?.[1];
}

describe("a scope", () => {
  test("has its process and its limits, until it is stopped", async () => {
    const { name, request, process } = scope();
    const resources = {
      memory: { limit: 67108864, reservation: 33554432, swap: 67108864 },
      cpu: { shares: 2048, quota: 33300, period: 50000, cpus: "0" },
      pids: { limit: 0 },
      blockIO: { weight: 500 },
      devices: [
        { allow: false, access: "rwm" },
        { allow: true, type: "c", major: 1, minor: 3, access: "rw" },
        { allow: true, type: "c", major: 136, access: "rwm" },
        { allow: true, type: "b", access: "m" },
      ],
      unified: { "memory.high": "60M", "memory.min": "1M" },
    };
    const annotations = {
      "org.systemd.property.TimeoutStopUSec": "uint64 7000000",
      "org.systemd.property.RuntimeMaxSec": "3600",
      "org.systemd.property.After": "['basic.target']",
    };
    const answer = await call({ operation: "start", ...request, resources, annotations });
    const path = `${systemd.cgroup}/runt.slice/runt-test.slice/${name}`;
    expect(answer).toMatchObject({ code: 0, name, path });
    expect(cgroupOf(request.pid)).toBe(path);
    const expected = {
      ActiveState: "active",
      ControlGroup: path,
      Slice: "runt-test.slice",
      Description: `runt container ${request.id}`,
      Delegate: "yes",
      CollectMode: "inactive-or-failed",
      DefaultDependencies: "no",
      MemoryAccounting: "yes",
      CPUAccounting: "yes",
      IOAccounting: "yes",
      TasksAccounting: "yes",
      MemoryMax: "67108864",
      MemoryLow: "33554432",
      MemoryHigh: "62914560",
      MemoryMin: "1048576",
      MemorySwapMax: "0",
      CPUWeight: "174",
      CPUQuotaPerSecUSec: "670ms",
      CPUQuotaPeriodUSec: "50ms",
      AllowedCPUs: "0",
      TasksMax: "1",
      IOWeight: "4950",
      DevicePolicy: "strict",
      TimeoutStopUSec: "7s",
      RuntimeMaxUSec: "1h",
    };
    expect(systemd.show(name, ...Object.keys(expected))).toEqual(expected);
    expect(systemd.show(name, "After").After?.split(" ")).toContain("basic.target");
    const devices = systemd.systemctl("show", name, "--property=DeviceAllow").trim().split("\n");
    expect(devices.toSorted()).toEqual(
      ["DeviceAllow=/dev/char/1:3 rw", "DeviceAllow=block-* m", "DeviceAllow=char-136 rwm"].toSorted(),
    );

    const ended = new Promise((resolve) => process.on("close", (_, signal) => resolve(signal)));
    expect(await call({ operation: "stop", ...request })).toMatchObject({ code: 0 });
    expect(await ended).toBe("SIGTERM");
    expect(systemd.show(name, "LoadState")).toEqual({ LoadState: "not-found" });
    // As often as anybody likes.
    expect(await call({ operation: "stop", ...request })).toMatchObject({ code: 0 });
  });

  test("is changed, and only in what is said", async () => {
    const { name, request } = scope();
    const devices = [{ allow: true, type: "c", major: 1, minor: 3, access: "rwm" }];
    await call({ operation: "start", ...request, resources: { pids: { limit: 9 }, devices } });
    const changed = { memory: { limit: 1048576 }, devices: [{ ...devices[0], minor: 5 }] };
    expect(await call({ operation: "update", ...request, resources: changed })).toMatchObject({ code: 0 });
    expect(systemd.show(name, "TasksMax", "MemoryMax", "DeviceAllow")).toEqual({
      TasksMax: "9",
      MemoryMax: "1048576",
      DeviceAllow: "/dev/char/1:5 rwm",
    });
    const unlimited = { memory: { limit: -1 }, devices: [{ allow: true }] };
    expect(await call({ operation: "update", ...request, resources: unlimited })).toMatchObject({ code: 0 });
    expect(systemd.show(name, "MemoryMax", "DevicePolicy")).toEqual({
      MemoryMax: "infinity",
      DevicePolicy: "auto",
    });
    await call({ operation: "stop", ...request });
  });

  test("of the same name is an error, and the first one goes on", async () => {
    const [first, second] = [scope(), scope()];
    await call({ operation: "start", ...first.request });
    const { pid } = second.request;
    const answer = await call({ operation: "start", ...first.request, pid: pid ?? 0 });
    expect(answer.error).toContain(`start systemd unit ${first.name}: org.freedesktop.systemd1.UnitExists: `);
    expect(systemd.show(first.name, "ActiveState")).toEqual({ ActiveState: "active" });
    await call({ operation: "stop", ...first.request });
  });

  test("of a process that has ended is an error", async () => {
    const { request, process } = scope();
    process.kill("SIGKILL");
    await new Promise((resolve) => process.on("close", resolve));
    const answer = await call({ operation: "start", ...request });
    expect(answer).toMatchObject({ code: 1 });
    expect(answer.error).toContain("start systemd unit");
  });

  test("vanishes with its last process", async () => {
    const { name, request, process } = scope();
    await call({ operation: "start", ...request });
    process.kill("SIGKILL");
    await new Promise((resolve) => process.on("close", resolve));
    expect(await call({ operation: "stop", ...request })).toMatchObject({ code: 0 });
    expect(systemd.show(name, "LoadState")).toEqual({ LoadState: "not-found" });
  });

  test("with a property that does not exist is an error that names it", async () => {
    const { request } = scope();
    const annotations = { "org.systemd.property.NoSuchThing": "true" };
    const answer = await call({ operation: "start", ...request, annotations });
    expect(answer.error).toContain("NoSuchThing");
  });

  test("is started over a bus as well", async () => {
    const { name, request } = scope();
    const address = systemd.busAddress;
    // Where systemd has no socket of its own.
    const XDG_RUNTIME_DIR = temporaryDirectory();
    const env = { DBUS_SYSTEM_BUS_ADDRESS: address, DBUS_SESSION_BUS_ADDRESS: address, XDG_RUNTIME_DIR };
    expect(
      await call({ operation: "start", ...request, resources: { cpu: { cpus: "0" } } }, env),
    ).toMatchObject({
      code: 0,
    });
    expect(systemd.show(name, "ActiveState", "AllowedCPUs")).toEqual({
      ActiveState: "active",
      AllowedCPUs: "0",
    });
    expect(await call({ operation: "stop", ...request }, env)).toMatchObject({ code: 0 });
  });
});

test("many scopes are started and stopped at once", async () => {
  const scopes = Array.from({ length: 25 }, scope);
  const started = await Promise.all(scopes.map(({ request }) => call({ operation: "start", ...request })));
  expect(started.filter(({ code }) => code !== 0)).toEqual([]);
  const stopped = await Promise.all(scopes.map(({ request }) => call({ operation: "stop", ...request })));
  expect(stopped.filter(({ code }) => code !== 0)).toEqual([]);
  expect(systemd.systemctl("list-units", "--all", "--plain", "--no-legend", "p-*.scope")).toBe("");
});

test("a slice is a unit without processes of its own", async () => {
  const id = randomBytes(4).toString("hex");
  const name = `runt-test${id}.slice`;
  const request = { cgroupsPath: `runt.slice::${name}`, id };
  const resources = { memory: { limit: 1048576 } };
  const path = `${systemd.cgroup}/runt.slice/${name}`;
  expect(await call({ operation: "start", ...request, resources })).toMatchObject({ code: 0, path });
  expect(systemd.show(name, "ActiveState", "ControlGroup", "MemoryMax")).toEqual({
    ActiveState: "active",
    ControlGroup: path,
    MemoryMax: "1048576",
  });
  expect(await call({ operation: "stop", ...request })).toMatchObject({ code: 0 });
});

test("the version is a number", async () => {
  expect((await call({ operation: "version" })).value).toBeGreaterThan(200);
});
