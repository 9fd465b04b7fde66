// `update`: other limits for a container that is there. What it does not mention stays as it is.

import { driverOf, loadDriver } from "../cgroups/driver.ts";
import { completeUpdate, remember } from "../cgroups/resources/complete.ts";
import { legacyWarnings } from "../cgroups/resources/legacy.ts";
import { type ErrorRecord, RuntError } from "../error.ts";
import { attempt } from "../kernel/call.ts";
import type { LinuxResources } from "../spec/types.ts";
import { isRootless } from "./host.ts";
import { importRare } from "./rare.ts";
import { LEGAL, placeOf, requireCgroup } from "./record.ts";
import type { NewSchemata } from "./resctrl.ts";
import { doesNotExist, memoryIn, openLocked, requireRecord, type Store, statusOf } from "./store.ts";
import { readRemembered, writeRemembered } from "./updated.ts";

export interface UpdateRequest {
  readonly store: Store;
  readonly id: string;
  readonly resources: LinuxResources;
  readonly intelRdt: NewSchemata;
  readonly warn: (record: ErrorRecord) => void;
}

/** @throws RuntError with a pointer into `resources`; then all limits are what they were */
export async function updateContainer(request: UpdateRequest): Promise<void> {
  const { store, id, resources, warn, intelRdt } = request;
  const isResctrl = intelRdt.l3CacheSchema || intelRdt.memBwSchema;
  const resctrl = isResctrl ? (await importRare()).openResctrlUpdate(intelRdt) : undefined;
  const directory = openLocked(store, id);
  if (directory === undefined) throw doesNotExist(id);
  const record = requireRecord(store, id);
  if (!LEGAL.update.includes(statusOf(store, record))) {
    throw new RuntError({ what: "container not running", hint: `runt state ${id} shows its status` });
  }
  requireCgroup(record);
  for (const warning of legacyWarnings(resources, "")) warn(warning);
  const remembered = remember(resources, readRemembered(directory));
  const driver = await loadDriver(driverOf(record));
  driver.update(placeOf(record), completeUpdate(resources, remembered), {
    isRootless: () => isRootless(attempt("geteuid")),
    memory: memoryIn(store),
  });
  writeRemembered(directory, remembered);
  resctrl?.(directory, record);
}
