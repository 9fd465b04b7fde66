// src/cgroups/cgroupfs.ts, whose caller may be killed when the cgroup has been made.

import { makeCgroup as make } from "../../../src/cgroups/cgroupfs.ts";
import { killPoint } from "./fault.ts";

// biome-ignore lint/performance/noBarrelFile: the module as it is, with one function around its own.
export * from "../../../src/cgroups/cgroupfs.ts";

export function makeCgroup(path: string): void {
  make(path);
  killPoint("makeCgroup");
}
