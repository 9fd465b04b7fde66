// `pause` and `resume`: all processes of a container stop where they are, and go on.

import { freezeCgroup, thawCgroup } from "../cgroups/freezer.ts";
import { RuntError } from "../error.ts";
import { LEGAL, requireCgroup } from "./record.ts";
import { doesNotExist, openLocked, requireRecord, type Store, statusOf } from "./store.ts";

/** @throws RuntError; then the container is not paused */
export function pauseContainer(store: Store, id: string): void {
  freezeCgroup(cgroupOf(store, id, "pause", "container not running"));
}

export function resumeContainer(store: Store, id: string): void {
  thawCgroup(cgroupOf(store, id, "resume", "container not paused"));
}

/** Of a container that is locked until this process ends, and for which the operation is legal. */
function cgroupOf(store: Store, id: string, operation: "pause" | "resume", illegal: string): string {
  if (openLocked(store, id) === undefined) throw doesNotExist(id);
  const record = requireRecord(store, id);
  if (LEGAL[operation].includes(statusOf(store, record))) return requireCgroup(record);
  throw new RuntError({ what: illegal, hint: `runt state ${id} shows its status` });
}
