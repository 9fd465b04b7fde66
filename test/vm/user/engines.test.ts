// The engine that runs without root does so here, with its own runtime and with runt, and the user's manager of systemd.

import * as fs from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { busyboxRootfs } from "../../../tools/setup.mjs";
import { output } from "../shell.ts";
import { IMAGE, RUNT, useOf } from "../use_of_engine.ts";

const MINUTES = 60_000;

beforeAll(() => {
  const directory = fs.mkdtempSync(join(tmpdir(), "runt-engines-"));
  busyboxRootfs(join(directory, "rootfs"));
  const layer = join(directory, "layer.tar");
  output("tar", "--create", "--file", layer, "--directory", join(directory, "rootfs"), ".");
  output("podman", "import", layer, IMAGE);
  fs.rmSync(directory, { recursive: true });
}, 5 * MINUTES);

describe.each([
  ["its own runtime", []],
  ["runt", ["--runtime", RUNT]],
])("podman with %s", (_, options) => {
  test("runs containers and programs in them", { timeout: 10 * MINUTES }, () => {
    useOf("podman", options, []);
  });

  test("without a cgroup, or in those that it makes itself", { timeout: 5 * MINUTES }, () => {
    const run = (...args: string[]) => output("podman", ...options, ...args, IMAGE, "id", "-u");
    expect(run("--cgroup-manager=cgroupfs", "run", "--rm")).toBe("0");
    expect(run("run", "--rm", "--network=host", "--pid=host")).toBe("0");
    expect(run("run", "--rm", "--userns=keep-id")).toBe("1000");
  });
});
