// `update`: other limits for a container that is there. What it does not mention stays as it is.

import { applyResources } from "../cgroups/apply.ts";
import { completeUpdate, remember } from "../cgroups/resources/complete.ts";
import { legacyWarnings } from "../cgroups/resources/legacy.ts";
import { type ErrorRecord, RuntError } from "../error.ts";
import type { LinuxResources } from "../spec/types.ts";
import { isRootless, readCaller } from "./host.ts";
import { type ContainerRecord, LEGAL } from "./record.ts";
import { doesNotExist, openLocked, requireRecord, type Store, statusOf } from "./store.ts";
import { readRemembered, writeRemembered } from "./updated.ts";

export interface UpdateRequest {
  readonly store: Store;
  readonly id: string;
  readonly resources: LinuxResources;
  readonly warn: (record: ErrorRecord) => void;
}

/** @throws RuntError with a pointer into `resources`; then all limits are what they were */
export function updateContainer({ store, id, resources, warn }: UpdateRequest): void {
  const directory = openLocked(store, id);
  if (directory === undefined) throw doesNotExist(id);
  const record = requireRecord(store, id);
  if (!LEGAL.update.includes(statusOf(store, record))) {
    throw new RuntError({ what: "container not running", hint: `runt state ${id} shows its status` });
  }
  for (const warning of legacyWarnings(resources, "")) warn(warning);
  const remembered = remember(resources, readRemembered(directory));
  apply(record, completeUpdate(resources, remembered));
  writeRemembered(directory, remembered);
}

/** The driver's part: the cgroup has its limits from files, and whoever else may write them has to know. */
function apply({ cgroup }: ContainerRecord, resources: LinuxResources): void {
  applyResources(cgroup, resources, { isRootless: () => isRootless(readCaller()) });
}
