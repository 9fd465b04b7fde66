// src/container/store.ts, whose caller may be killed after each step.

import * as store from "../../../src/container/store.ts";
import { killPoint } from "./fault.ts";

// biome-ignore lint/performance/noBarrelFile: the module as it is, with some functions around its own.
export * from "../../../src/container/store.ts";

export function reserve(...args: Parameters<typeof store.reserve>): store.LockedDirectory {
  const directory = store.reserve(...args);
  killPoint("reserve");
  return directory;
}

export function writeRecord(...args: Parameters<typeof store.writeRecord>): void {
  store.writeRecord(...args);
  killPoint("writeRecord");
}

export function writeConfig(...args: Parameters<typeof store.writeConfig>): void {
  store.writeConfig(...args);
  killPoint("writeConfig");
}

export function writeInit(...args: Parameters<typeof store.writeInit>): void {
  store.writeInit(...args);
  killPoint("writeInit");
}
