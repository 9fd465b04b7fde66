// CRIU stops processes by hardware breakpoints: see hold_breakpoint.c.

import { execFileSync, spawn } from "node:child_process";
import * as fs from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { beforeAll } from "vitest";
import { until } from "./bed.ts";
import { collected } from "./receiver.ts";

/** For the tests of this file, in the virtual machine. */
export function keepKernelSteady(): void {
  if (process.env.RUNT_VM === undefined) return;
  beforeAll(async () => {
    const directory = fs.mkdtempSync(join(tmpdir(), "runt-breakpoint-"));
    const program = join(directory, "hold_breakpoint");
    execFileSync("cc", ["-o", program, fileURLToPath(new URL("hold_breakpoint.c", import.meta.url))]);
    const child = spawn(program, { stdio: ["ignore", "pipe", "inherit"] });
    const text = collected(child);
    await until(() => text() !== "");
    return () => {
      child.kill("SIGKILL");
      fs.rmSync(directory, { recursive: true });
    };
  });
}
