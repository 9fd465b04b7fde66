// Whether there is a CRIU that works with this kernel, and what both of them can.

import { spawnSync } from "node:child_process";
import { release } from "node:os";
import type { TestOptions } from "vitest";

const CHECK = spawnSync("criu", ["check"], { encoding: "utf8" });
const NO_CRIU = CHECK.error ? "there is no criu" : `criu check: ${CHECK.stderr.trim().split("\n")[0]}`;

/** For tests that need one. */
export const criu: TestOptions = CHECK.status === 0 ? {} : { skip: true, meta: { skipped: NO_CRIU } };

export function feature(name: string): TestOptions {
  if (CHECK.status !== 0 || spawnSync("criu", ["check", "--feature", name]).status === 0) return criu;
  return { skip: true, meta: { skipped: `criu check --feature ${name} fails` } };
}

/** From Linux 6.16 on the options of unix sockets are unknown to TCP, for one; CRIU 4.1 does not know that yet. */
export function newKernel(what: string): TestOptions {
  const isOlder = (version: string, than: readonly [number, number]) => {
    const [major = 0, minor = 0] = version.split(".").map(Number);
    return major < than[0] || (major === than[0] && minor < than[1]);
  };
  const { stdout } = spawnSync("criu", ["--version"], { encoding: "utf8" });
  const version = /Version: ([\d.]+)/.exec(stdout ?? "")?.[1] ?? "0";
  if (CHECK.status !== 0 || isOlder(release(), [6, 16]) || !isOlder(version, [4, 2])) return criu;
  return { skip: true, meta: { skipped: `CRIU ${version} cannot send ${what} on Linux ${release()}` } };
}
