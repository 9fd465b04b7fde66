// All properties that a container's unit is started with, but its process, which is not there yet when they are checked.

import type { LinuxResources, StringMap } from "../../../spec/types.ts";
import { annotationProperties } from "./annotations.ts";
import { type Property, property } from "./property.ts";
import { resourceProperties } from "./resources.ts";
import type { Unit } from "./unit_name.ts";

export interface UnitRequest {
  readonly unit: Unit;
  /** Of the container. */
  readonly id: string;
  readonly resources?: LinuxResources;
  readonly annotations?: StringMap<string>;
}

/** @throws RuntError with the place in config.json of what cannot be expressed */
export function unitProperties({ unit, id, resources, annotations }: UnitRequest): readonly Property[] {
  const chosen = annotationProperties(annotations ?? {});
  const names = new Set(chosen.map(({ name }) => name));
  const own = [
    property("Description", "s", `runt container ${id}`),
    ...(unit.kind === "scope" ? scopeProperties(unit) : [property("Wants", "as", [unit.slice])]),
    // Without them there would be no limit that systemd could apply, and no file to read the use from.
    ...["MemoryAccounting", "CPUAccounting", "IOAccounting", "TasksAccounting"].map((name) =>
      property(name, "b", true),
    ),
    // No dependency on the shutdown of the host: engines stop their containers themselves.
    property("DefaultDependencies", "b", false),
    ...resourceProperties(resources ?? {}),
  ];
  return [...own.filter(({ name }) => !names.has(name)), ...chosen];
}

function scopeProperties({ slice }: Unit): readonly Property[] {
  return [
    property("Slice", "s", slice),
    // The cgroups below are the container's, and systemd keeps its hands off.
    property("Delegate", "b", true),
    // Nothing is left of a scope whose last process was killed for its memory, even if nobody deletes the container.
    property("CollectMode", "s", "inactive-or-failed"),
  ];
}
