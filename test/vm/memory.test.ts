// How little memory a container may have: what the runtime itself takes of it before its program runs.

import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { bundle, type Container, runtimeName } from "../container/bed.ts";

const KiB = 1024;
/** Fine where it matters. */
const FINE = Array.from({ length: 24 }, (_, index) => 32 * (index + 1));
const LIMITS = [...FINE, 1024, 2048, 4096, 8192, 16384, 32768].map((limit) => limit * KiB);

/** The least of LIMITS with which `/bin/true` runs three times. */
function leastMemory(binary: string): number | undefined {
  return LIMITS.find((limit) => {
    const container = bundle((config) => {
      config.linux.resources = { memory: { limit } };
    });
    return [1, 2, 3].every(() => runsWith(binary, container));
  });
}

function runsWith(binary: string, { dir, id }: Container): boolean {
  const root = ["--root", join(dir, "least")];
  const { status } = spawnSync(binary, [...root, "run", id], { cwd: dir, stdio: "ignore", timeout: 60_000 });
  spawnSync(binary, [...root, "delete", "--force", id], { cwd: dir, stdio: "ignore" });
  return status === 0;
}

test("runt runs with 256 KiB; what crun needs is printed, and runc needs more", {
  timeout: 600_000,
  skip: runtimeName !== "runt",
}, () => {
  const runt = fileURLToPath(new URL("../../dist/runt", import.meta.url));
  const [own = 0, crun = 0, runc = 0] = [runt, "crun", "runc"].map(leastMemory);
  console.log(`least memory.max: runt ${own / KiB} KiB, crun ${crun / KiB} KiB, runc ${runc / KiB} KiB`);
  expect(own).toBeLessThanOrEqual(256 * KiB);
  // crun needs 192 to 320 KiB, as it happens.
  expect(runc).toBeGreaterThan(256 * KiB);
});
