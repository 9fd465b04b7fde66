// The cgroup of a container, as the tests of limits and of commands see it.

import * as fs from "node:fs";
import { join } from "node:path";
import type { TestOptions } from "vitest";
import { type Container, differs } from "./bed.ts";
import { cgroupRoot } from "./leftovers.ts";

const ROOT = cgroupRoot();

export const CONTROLLERS: readonly string[] = fs
  .readFileSync(join(ROOT, "cgroup.controllers"), "utf8")
  .trim()
  .split(" ");

/** The cgroup that a container's process is in. */
export function cgroupOf(container: Container): string {
  const line = fs.readFileSync(`/proc/${container.state().pid}/cgroup`, "utf8").match(/^0::(.*)$/m);
  return join(ROOT, line?.[1] ?? "");
}

/** What a file of its cgroup says. */
export function readCgroup(container: Container, file: string): string {
  return fs.readFileSync(join(cgroupOf(container), file), "utf8").trim();
}

/** For a test that needs controllers of cgroup v2. */
export function needs(...controllers: readonly string[]): TestOptions {
  const missing = controllers.filter((name) => !CONTROLLERS.includes(name));
  if (missing.length === 0) return {};
  return { skip: true, meta: { skipped: `${ROOT}/cgroup.controllers has no ${missing.join(", ")}` } };
}

/** What runt is known to do otherwise than the others. */
export function ofRunt(reason: string): TestOptions {
  return differs({ runc: reason, crun: reason });
}
