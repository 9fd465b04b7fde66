// Containers whose cgroups a service manager makes that is not real: from `create` to `delete`, and what is left where
// systemd fails at each step.

import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import * as fs from "node:fs";
import { join } from "node:path";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { bundle, type Container, failure, runtime, twin, until } from "../container/bed.ts";
import { type Config, sh } from "../container/config.ts";
import { criu } from "../container/criu.ts";
import { cgroupRoot, leftovers, stateOf } from "../container/leftovers.ts";
import { type FakeBus, fakeBus } from "./bed.ts";

const SECONDS = 1000;
const STOP = ["StopUnit", "ResetFailedUnit"];

interface Bed {
  readonly bus: FakeBus;
  readonly container: Container;
  /** Of its slice, below the mount point. */
  readonly slice: string;
  readonly scope: string;
}

/** @param fault of fake_manager.py */
async function bed(fault = "", edit: (config: Config) => void = () => {}): Promise<Bed> {
  const bus = await fakeBus(fault, cgroupRoot());
  vi.stubEnv("DBUS_SYSTEM_BUS_ADDRESS", bus.address);
  onTestFinished(() => void vi.unstubAllEnvs());
  const name = randomBytes(4).toString("hex");
  const slice = `/runt.slice/runt-${name}.slice`;
  onTestFinished(() => removeSlices(slice));
  const container = bundle((config) => {
    config.process.args = ["sleep", "1000"];
    config.linux.cgroupsPath = `runt-${name}.slice:p:${name}`;
    edit(config);
  });
  return { bus, container, slice, scope: `p-${name}.scope` };
}

/** Of a service manager that has died. */
function removeSlices(slice: string): void {
  for (const path of [slice, "/runt.slice"]) {
    try {
      fs.rmdirSync(join(cgroupRoot(), path));
    } catch {
      // It is gone, or another test's.
    }
  }
}

/** All that the service manager was asked for. It has ended then. */
async function methods(bus: FakeBus): Promise<readonly unknown[]> {
  await bus.end();
  return bus.calls.map(([method]) => method);
}

const create = ({ container }: Bed) => container.call("--systemd-cgroup", "create", container.id);

function cgroupOf(pid: number): string | undefined {
  return /^0::(.*)$/m.exec(fs.readFileSync(`/proc/${pid}/cgroup`, "utf8"))?.[1];
}

function expectNothingLeft({ container, slice, scope }: Bed): void {
  expect(stateOf(container.stateDir)).toEqual([]);
  expect(leftovers(container.id, container.dir)).toEqual([]);
  expect(fs.existsSync(join(cgroupRoot(), slice, scope))).toBe(false);
}

describe("a container of systemd", () => {
  test("lives in its scope, which delete stops without being told", async () => {
    const devices = [
      { allow: false, access: "rwm" },
      { allow: true, type: "c", major: 10, minor: 229, access: "rw" },
    ];
    const made = await bed("", (config) => {
      config.linux.resources = { devices };
      config.annotations = { "org.systemd.property.TimeoutStopSec": "5" };
    });
    const { bus, container, slice, scope } = made;
    expect(create(made)).toMatchObject({ code: 0, stderr: "" });
    const { pid, status } = container.state();
    expect(status).toBe("created");
    expect(cgroupOf(pid)).toBe(`${slice}/${scope}`);
    await bus.called("StartTransientUnit");
    const [, name, mode, properties] = bus.calls.at(-1) as [string, string, string, Record<string, unknown>];
    expect([name, mode]).toEqual([scope, "replace"]);
    expect(properties).toMatchObject({
      Description: ["s", `runt container ${container.id}`],
      Slice: ["s", slice.split("/").at(-1)],
      PIDs: ["au", [pid]],
      Delegate: ["b", true],
      TimeoutStopUSec: ["t", 5000000],
      DevicePolicy: ["s", "strict"],
    });
    // With the devices that every container has.
    const allowed = (properties.DeviceAllow as [string, string[][]])[1];
    expect(allowed).toContainEqual(["/dev/char/10:229", "rw"]);
    expect(allowed).toContainEqual(["/dev/char/1:3", "rwm"]);
    container.start();
    expect(container.state().status).toBe("running");
    container.delete("--force");
    expect(await methods(bus)).toEqual(["StartTransientUnit", ...STOP]);
    expectNothingLeft(made);
  });

  test("sees its cgroup as the root, has no descriptor of the bus, and leaves nothing", async () => {
    const made = await bed("", (config) => {
      config.process.args = sh("cat /proc/self/cgroup | grep ^0; exec ls /proc/self/fd");
    });
    const { bus, container } = made;
    expect(container.call("--cgroup-manager=systemd", "run", container.id)).toEqual({
      code: 0,
      // 3 is the directory that ls reads.
      stdout: "0::/\n0\n1\n2\n3\n",
      stderr: "",
    });
    expect(await methods(bus)).toEqual(["StartTransientUnit", ...STOP]);
    expectNothingLeft(made);
  });

  test("is in a scope again when it is restored", criu, async () => {
    const made = await bed("", (config) => {
      config.root.readonly = false;
      config.process.args = sh(
        "i=0; while :; do i=$((i + 1)); echo $i >/new; mv /new /count; sleep 0.01; done",
      );
    });
    const { bus, container, slice, scope } = made;
    const call = (...args: string[]) => {
      expect(container.call("--systemd-cgroup", ...args, container.id)).toMatchObject({
        code: 0,
        stderr: "",
      });
    };
    const path = join(container.rootfs, "count");
    const count = () => (fs.existsSync(path) ? Number(fs.readFileSync(path, "utf8")) : 0);
    call("run", "--detach");
    await until(() => count() > 3);
    call("checkpoint", "--image-path", "image");
    expect(fs.existsSync(join(cgroupRoot(), slice, scope))).toBe(false);
    const at = count();
    call("restore", "--detach", "--image-path", "image");
    await until(() => count() > at);
    const { pid } = container.state();
    expect(cgroupOf(pid)).toBe(`${slice}/${scope}`);
    const procs = fs.readFileSync(join(cgroupRoot(), slice, scope, "cgroup.procs"), "utf8");
    expect(procs.split("\n")[0]).toBe(String(pid));
    container.delete("--force");
    expect(await methods(bus)).toEqual(["StartTransientUnit", ...STOP, "StartTransientUnit", ...STOP]);
    expectNothingLeft(made);
  });

  test("may be a slice, which it is put into", async () => {
    const made = await bed("", (config) => {
      const [slice] = config.linux.cgroupsPath?.split(":") ?? [];
      config.linux.cgroupsPath = `runt.slice::${slice}`;
    });
    const { bus, container, slice } = made;
    expect(create(made)).toMatchObject({ code: 0, stderr: "" });
    expect(cgroupOf(container.state().pid)).toBe(slice);
    container.delete("--force");
    expect(await methods(bus)).toEqual(["StartTransientUnit", ...STOP]);
    expect(fs.existsSync(join(cgroupRoot(), slice))).toBe(false);
  });

  test("is deleted where its cgroup is gone, and the service manager with it", async () => {
    const made = await bed();
    const { bus, container } = made;
    create(made);
    const { pid } = container.state();
    const path = join(cgroupRoot(), cgroupOf(pid) ?? "");
    container.kill("KILL");
    await vi.waitFor(() => fs.rmdirSync(path));
    const ended = new Promise((resolve) => bus.daemon.on("close", resolve));
    bus.daemon.kill("SIGKILL");
    await ended;
    container.delete();
    expectNothingLeft(made);
  });

  test("is not deleted without a service manager as long as there may be a unit", async () => {
    const made = await bed();
    const { container } = made;
    create(made);
    const env = { DBUS_SYSTEM_BUS_ADDRESS: "unix:path=/nowhere" };
    const result = container.callWith({ env }, "delete", "--force", container.id);
    expect(failure(result)).toContain("connect to systemd's service manager: /nowhere: no such file");
    expect(container.state().status).toBe("stopped");
    container.delete("--force");
    expectNothingLeft(made);
  });
});

describe("nothing is left of a container", () => {
  test.each([
    // Another's unit is not stopped.
    ["exists", /UnitExists/, ["StartTransientUnit", "ResetFailedUnit", "StartTransientUnit"]],
    ["fails", /its job ended with "failed"/, ["StartTransientUnit", "ResetFailedUnit", ...STOP]],
    ["refuses", /PropertyReadOnly/, ["StartTransientUnit", ...STOP]],
    ["absent", /ServiceUnknown/, []],
    ["dies", /NoReply/, ["StartTransientUnit"]],
  ])("whose service manager answers: %s", async (fault, message, called) => {
    const made = await bed(fault);
    expect(failure(create(made))).toMatch(message);
    expect(await methods(made.bus)).toEqual(called);
    expectNothingLeft(made);
  });

  test("whose service manager does not answer", { timeout: 90 * SECONDS }, async () => {
    const made = await bed("no signal");
    const { container, bus } = made;
    const args = ["--root", container.stateDir, "--systemd-cgroup", "create", container.id];
    const child = spawn(runtime, args, { cwd: container.dir, stdio: ["ignore", "ignore", "pipe"] });
    const output = { text: "" };
    child.stderr.on("data", (data) => (output.text += data));
    expect(await new Promise((resolve) => child.on("close", resolve))).toBe(1);
    expect(output.text).toContain("systemd has not answered in time");
    expect(await methods(bus)).toEqual(["StartTransientUnit", ...STOP]);
    expectNothingLeft(made);
  });

  test("whose creator was killed while systemd starts the scope, after delete --force", async () => {
    const made = await bed("no signal");
    const { container, bus, slice, scope } = made;
    const args = ["--root", container.stateDir, "--systemd-cgroup", "create", container.id];
    const child = spawn(runtime, args, { cwd: container.dir, stdio: "ignore" });
    await bus.called("StartTransientUnit");
    await vi.waitFor(() => expect(fs.existsSync(join(cgroupRoot(), slice, scope))).toBe(true));
    child.kill("SIGKILL");
    await new Promise((resolve) => child.on("close", resolve));
    for (const _ of [1, 2]) container.delete("--force");
    expect(await methods(bus)).toContain("StopUnit");
    expectNothingLeft(made);
  });

  test("where there is no bus", async () => {
    const made = await bed();
    const env = { DBUS_SYSTEM_BUS_ADDRESS: "unix:path=/nowhere" };
    const { container } = made;
    const result = container.callWith({ env }, "--systemd-cgroup", "create", container.id);
    expect(failure(result)).toContain("connect to systemd's service manager: /nowhere: no such file");
    expectNothingLeft(made);
  });

  test.each<readonly [string, (config: Config) => void]>([
    ["/linux/cgroupsPath: expected cgroupsPath to be", (config) => (config.linux.cgroupsPath = "/a/b")],
    [
      "/annotations/org.systemd.property.PIDs: the property PIDs follows",
      (config) => (config.annotations = { "org.systemd.property.PIDs": "[uint32 1]" }),
    ],
    [
      "/linux/resources/unified/cpu.weight: found",
      (config) => (config.linux.resources = { unified: { "cpu.weight": "heavy" } }),
    ],
  ])("that systemd could not have: %s", async (message, edit) => {
    const made = await bed("", edit);
    expect(failure(create(made))).toContain(`runt: ${message}`);
    expect(await methods(made.bus)).toEqual([]);
    expectNothingLeft(made);
  });

  test("in the scope of a running container, which goes on", async () => {
    const made = await bed();
    const { container, bus } = made;
    create(made);
    container.start();
    const other = twin(container);
    expect(failure(create({ ...made, container: other }))).toContain("container's cgroup is not empty");
    expect(container.state().status).toBe("running");
    container.delete("--force");
    expect(await methods(bus)).toEqual(["StartTransientUnit", ...STOP]);
    expectNothingLeft(made);
  });
});
