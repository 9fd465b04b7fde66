// The systemd driver as the operations of a container use it: where its cgroup will be, and its whole life.

import { RuntError } from "../../error.ts";
import { readFile } from "../../kernel/file.ts";
import type { LinuxResources } from "../../spec/types.ts";
import { ownCgroup } from "../path.ts";
import type { Systemd } from "./connect.ts";
import { type Property, property } from "./unit/property.ts";
import { resourceProperties } from "./unit/resources.ts";
import { parseCgroupsPath, type Unit } from "./unit/unit_name.ts";
import { readControlGroup, setUnitProperties, startUnit } from "./unit_control.ts";

/** Milliseconds for all that systemd is asked for in one operation. Where it is busy, a job takes seconds. */
export const SYSTEMD_DEADLINE = 30_000;

export interface LocatedUnit extends Unit {
  /** Path of its cgroup below the mount point. */
  readonly path: string;
}

/** Nothing is made yet. */
export function locateUnit(systemd: Systemd, cgroupsPath: string | undefined, id: string): LocatedUnit {
  const unit = parseCgroupsPath(cgroupsPath, id, systemd.kind === "user");
  // The system's service manager is at the root of what we see, or nothing that engines say about paths is true.
  const prefix = systemd.kind === "user" ? readControlGroup(systemd) : "";
  return { ...unit, path: `${prefix}${unit.path}` };
}

export interface StartRequest {
  readonly unit: LocatedUnit;
  /** See unit/unit_properties.ts. */
  readonly properties: readonly Property[];
  /** As seen by the service manager. */
  readonly pid: number;
}

/**
 * Starts the unit. The process of a scope is in its cgroup then; a slice takes no processes from systemd, so that the
 * caller writes it to `cgroup.procs`.
 */
export function startContainerUnit(systemd: Systemd, { unit, properties, pid }: StartRequest): void {
  startUnit(systemd, unit.name, withProcess(unit, properties, pid));
  if (unit.kind === "scope") requireInside(pid, unit);
}

export function withProcess(
  { kind }: LocatedUnit,
  properties: readonly Property[],
  pid: number,
): readonly Property[] {
  return kind === "scope" ? [...properties, property("PIDs", "au", [pid])] : properties;
}

/** Limits would be written to another cgroup than the container's. */
function requireInside(pid: number, { name, path }: LocatedUnit): void {
  const found = ownCgroup(readFile(`/proc/${pid}/cgroup`));
  if (found === path) return;
  throw new RuntError({
    pointer: "/linux/cgroupsPath",
    what: `systemd unit ${name} is at the cgroup ${found}, expected ${path}`,
    hint: "is this systemd the one of another container or cgroup namespace?",
  });
}

/** `update`: what is not in `resources` stays as it is. */
export function updateContainerUnit(systemd: Systemd, unit: string, resources: LinuxResources): void {
  setUnitProperties(systemd, unit, resourceProperties(resources));
}
