// Every engine of the virtual machine runs containers with its own runtime, and with runt, as it is: filters, profiles and
// hooks are those that it asks for by itself. What fails with its own is a fault of the test.

import * as fs from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { busyboxRootfs } from "../../tools/setup.mjs";
import { output } from "./shell.ts";
import { IMAGE, RUNT, SCRIPT, useOf } from "./use_of_engine.ts";

const MINUTES = 60_000;
const DAEMON = "/etc/docker/daemon.json";

let directory = "";
let layer = "";

beforeAll(() => {
  directory = fs.mkdtempSync(join(tmpdir(), "runt-engines-"));
  layer = join(directory, "layer.tar");
  busyboxRootfs(join(directory, "rootfs"));
  output("tar", "--create", "--file", layer, "--directory", join(directory, "rootfs"), ".");
});

afterAll(() => {
  output("systemctl", "stop", "docker.socket", "docker.service", "containerd.service");
  fs.rmSync(DAEMON, { force: true });
  fs.rmSync(directory, { recursive: true });
}, 2 * MINUTES);

describe.each([
  ["its own runtime", []],
  ["runt", ["--runtime=runt"]],
])("docker with %s", (_, options) => {
  test("runs containers and programs in them", { timeout: 10 * MINUTES }, () => {
    fs.mkdirSync("/etc/docker", { recursive: true });
    fs.writeFileSync(DAEMON, JSON.stringify({ runtimes: { runt: { path: RUNT } } }));
    output("systemctl", "restart", "docker.service");
    output("docker", "import", layer, IMAGE);
    useOf("docker", [], options);
  });
});

describe.each([
  ["its own runtime", []],
  ["runt", ["--runtime", RUNT]],
])("podman with %s", (_, options) => {
  test("runs containers and programs in them", { timeout: 10 * MINUTES }, () => {
    output("podman", "import", layer, IMAGE);
    useOf("podman", options, []);
  });
});

test("docker, with a network", { timeout: 5 * MINUTES }, () => {
  output("systemctl", "start", "docker.service");
  output("docker", "import", layer, IMAGE);
  expect(output("docker", "run", "--rm", IMAGE, ...SCRIPT)).toBe("0 sh");
  const addresses = output("docker", "run", "--rm", IMAGE, "ip", "-o", "address", "show", "eth0");
  expect(addresses).toMatch(/inet 172\./);
  expect(output("docker", "info", "--format", "{{.CgroupDriver}} {{.CgroupVersion}}")).toBe("systemd 2");
});

test("podman, with a network", { timeout: 5 * MINUTES }, () => {
  output("podman", "import", layer, IMAGE);
  expect(output("podman", "run", "--rm", IMAGE, ...SCRIPT)).toBe("0 sh");
  expect(output("podman", "run", "--rm", IMAGE, "ip", "-o", "address", "show", "eth0")).toMatch(/inet 10\./);
  expect(output("podman", "info", "--format", "{{.Host.CgroupManager}} {{.Host.CgroupsVersion}}")).toBe(
    "systemd v2",
  );
});

test("containerd", { timeout: 5 * MINUTES }, () => {
  const archive = join(directory, "image.tar");
  output("podman", "import", layer, IMAGE);
  output("podman", "save", "--format", "oci-archive", "--output", archive, IMAGE);
  output("systemctl", "start", "containerd.service");
  output("ctr", "images", "import", archive);
  expect(output("ctr", "run", "--rm", IMAGE, "small", ...SCRIPT)).toBe("0 sh");
});

test("buildah", { timeout: 5 * MINUTES }, () => {
  const container = output("buildah", "from", "scratch");
  output("buildah", "add", container, layer, "/");
  expect(output("buildah", "run", container, "--", ...SCRIPT)).toBe("0 sh");
  output("buildah", "rm", container);
});
