// checkpoint and restore as engines call them, with their own runtime and with runt; and in cgroups that systemd makes.

import { randomBytes } from "node:crypto";
import * as fs from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { busyboxRootfs } from "../../tools/setup.mjs";
import { bundle, until } from "../container/bed.ts";
import { sh } from "../container/config.ts";
import { keepKernelSteady } from "../container/steady_kernel.ts";
import { output } from "./shell.ts";

const MINUTES = 60_000;
const IMAGE = "localhost/counting:latest";
const RUNT = fileURLToPath(new URL("../../dist/runt", import.meta.url));
const COUNTING = sh("i=0; while :; do i=$((i + 1)); echo $i >/new; mv /new /count; echo $i; sleep 0.1; done");

keepKernelSteady();

let directory = "";

beforeAll(() => {
  directory = fs.mkdtempSync(join(tmpdir(), "runt-checkpoints-"));
  const layer = join(directory, "layer.tar");
  busyboxRootfs(join(directory, "rootfs"));
  output("tar", "--create", "--file", layer, "--directory", join(directory, "rootfs"), ".");
  output("podman", "import", layer, IMAGE);
}, 2 * MINUTES);

afterAll(() => fs.rmSync(directory, { recursive: true }));

function newName(): string {
  return `t-${randomBytes(4).toString("hex")}`;
}

// Debian's crun has no libcriu beside it.
describe.each([
  ["runc", "/usr/sbin/runc"],
  ["runt", RUNT],
])("podman with %s", (_, runtime) => {
  const podman = (...args: string[]) => output("podman", "--runtime", runtime, ...args);
  const counted = async (name: string, least: number) => {
    const count = () => Number(podman("exec", name, "cat", "/count"));
    await until(() => count() > least);
    return count();
  };

  test("goes on where it was", { timeout: 5 * MINUTES }, async () => {
    const name = newName();
    onTestFinished(() => void podman("rm", "--force", "--time=0", name));
    podman("run", "--detach", "--network=none", "--name", name, IMAGE, ...COUNTING);
    const at = await counted(name, 3);
    podman("container", "checkpoint", name);
    expect(podman("inspect", "--format", "{{.State.Status}}", name)).toBe("exited");
    podman("container", "restore", name);
    expect(podman("inspect", "--format", "{{.State.Status}}", name)).toBe("running");
    await counted(name, at);
    // Its standard output is the engine's again: each number is there once.
    const logs = podman("logs", name).split("\n").map(Number);
    expect(logs).toEqual(logs.map((_, index) => index + 1));
  });

  test("goes on from an archive, under another name", { timeout: 5 * MINUTES }, async () => {
    const [name, other] = [newName(), newName()];
    const archive = join(directory, `${name}.tar.zst`);
    onTestFinished(() => void podman("rm", "--force", "--time=0", "--ignore", name, other));
    podman("run", "--detach", "--network=none", "--memory=64m", "--name", name, IMAGE, ...COUNTING);
    const at = await counted(name, 3);
    podman("container", "checkpoint", "--leave-running", "--export", archive, name);
    await counted(name, at);
    podman("rm", "--force", "--time=0", name);
    podman("container", "restore", "--import", archive, "--name", other);
    await counted(other, at);
    // With runc there is no such file after that.
    if (runtime !== RUNT) return;
    expect(podman("exec", other, "cat", "/sys/fs/cgroup/memory.max")).toBe(String(64 << 20));
  });
});

test("in a scope of systemd", { timeout: 2 * MINUTES }, async () => {
  const id = randomBytes(4).toString("hex");
  const container = bundle((config) => {
    config.root.readonly = false;
    // The streams that it has from us are files that the next call begins anew, which CRIU would refuse.
    config.process.args = sh(`exec > /dev/null 2>&1; ${COUNTING.at(-1)}`);
    config.linux.cgroupsPath = `runt-test.slice:p:${id}`;
    config.linux.resources = { pids: { limit: 77 } };
  });
  const call = (...args: string[]) => {
    const { code, stderr } = container.call("--systemd-cgroup", ...args, container.id);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  };
  const show = (property: string) => output("systemctl", "show", `p-${id}.scope`, `--property=${property}`);
  const count = () => {
    const path = join(container.rootfs, "count");
    return fs.existsSync(path) ? Number(fs.readFileSync(path, "utf8")) : 0;
  };
  call("run", "--detach");
  await until(() => count() > 3);
  call("checkpoint", "--image-path", "image");
  expect(show("LoadState")).toBe("LoadState=not-found");
  const at = count();
  call("restore", "--detach", "--image-path", "image");
  await until(() => count() > at);
  expect(show("ActiveState")).toBe("ActiveState=active");
  expect(show("TasksMax")).toBe("TasksMax=77");
  const path = `/sys/fs/cgroup/runt.slice/runt-test.slice/p-${id}.scope`;
  expect(fs.readFileSync(join(path, "cgroup.procs"), "utf8").split("\n")).toContain(
    String(container.state().pid),
  );
  expect(fs.readFileSync(join(path, "pids.max"), "utf8")).toBe("77\n");
  container.delete("--force");
  expect(show("LoadState")).toBe("LoadState=not-found");
});
