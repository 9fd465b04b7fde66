// The engine that runs without root does so here, with its own runtime and the user's manager of systemd.

import * as fs from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { busyboxRootfs } from "../../../tools/setup.mjs";
import { output } from "../shell.ts";

test("podman", { timeout: 300_000 }, () => {
  const directory = fs.mkdtempSync(join(tmpdir(), "runt-engines-"));
  onTestFinished(() => fs.rmSync(directory, { recursive: true }));
  busyboxRootfs(join(directory, "rootfs"));
  const layer = join(directory, "layer.tar");
  output("tar", "--create", "--file", layer, "--directory", join(directory, "rootfs"), ".");
  output("podman", "import", layer, "localhost/small");
  const script = "echo $(id -u) $(cat /proc/1/comm)";
  expect(output("podman", "run", "--rm", "localhost/small", "sh", "-c", script)).toBe("0 sh");
  const limited = ["--memory=64m", "localhost/small", "cat", "/sys/fs/cgroup/memory.max"];
  expect(output("podman", "run", "--rm", ...limited)).toBe(`${64 << 20}`);
});
