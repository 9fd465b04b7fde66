// What config.json may ask for and this version does not do. A request that would silently come to nothing is an
// error: a filter, a label or a limit that is not there must not be believed in.

import { RuntError } from "../error.ts";
import { parseMountOptions } from "../rootfs/mount_options.ts";
import { join } from "../spec/check.ts";
import type { Linux, LinuxResources, Process, Spec } from "../spec/types.ts";

/** @throws RuntError with the pointer of the first field that cannot be honoured */
export function rejectUnsupported(spec: Spec, process: Process): void {
  for (const kind of Object.keys(spec.hooks ?? {})) {
    if (isAsked((spec.hooks as Readonly<Record<string, unknown>>)[kind])) refuse(`/hooks/${kind}`);
  }
  rejectFields(process, "/process", ["apparmorProfile", "selinuxLabel", "scheduler", "ioPriority"]);
  rejectFields<Linux>(spec.linux ?? {}, "/linux", [
    "seccomp",
    "mountLabel",
    "intelRdt",
    "memoryPolicy",
    "personality",
    "netDevices",
  ]);
  rejectMounts(spec);
  rejectResources(spec.linux?.resources ?? {});
}

function refuse(pointer: string): never {
  throw new RuntError({
    pointer,
    what: "not supported yet by this version of runt",
    hint: "remove the field, if the container can do without",
  });
}

function rejectFields<T extends object>(
  parent: T,
  pointer: string,
  names: readonly (keyof T & string)[],
): void {
  for (const name of names) if (isAsked(parent[name])) refuse(`${pointer}/${name}`);
}

/** Engines write empty lists and objects for what they do not want. */
function isAsked(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return value !== undefined;
  return Array.isArray(value) ? value.length > 0 : Object.keys(value).length > 0;
}

function rejectMounts({ mounts = [] }: Spec): void {
  mounts.forEach((mount, index) => {
    const options = parseMountOptions(mount.options ?? []);
    if (options.idmap || options.tmpcopyup) refuse(`/mounts/${index}/options`);
    if (isAsked(mount.uidMappings)) refuse(`/mounts/${index}/uidMappings`);
    if (options.bind !== undefined && options.data.length > 0) {
      throw new RuntError({
        pointer: `/mounts/${index}/options`,
        what: `bind mounts cannot have any filesystem-specific options applied: ${options.data.join(",")}`,
      });
    }
  });
}

function rejectResources(resources: LinuxResources): void {
  const limits: Readonly<Record<string, unknown>> = { ...resources };
  for (const [name, value] of Object.entries(limits)) {
    const pointer = `/linux/resources/${name}`;
    if (name === "devices") rejectDevices(resources, pointer);
    else if (name === "unified" && isAsked(value)) refuse(pointer);
    else rejectLimits(value, pointer);
  }
}

/** Rules that allow everything are none. */
function rejectDevices({ devices = [] }: LinuxResources, pointer: string): void {
  const index = devices.findIndex(({ allow }) => !allow);
  if (index >= 0) refuse(`${pointer}/${index}`);
}

/** Zero, false and -1 are how engines say that there is no limit; anything else in the tree is one. */
function rejectLimits(value: unknown, pointer: string): void {
  if (typeof value === "object" && value !== null) {
    for (const [key, inner] of Object.entries(value)) rejectLimits(inner, join(pointer, key));
    return;
  }
  const none = [undefined, false, 0, 0n, -1, -1n, ""];
  if (!none.includes(value as (typeof none)[number]) && !isSwitch(pointer)) refuse(pointer);
}

/** Fields that say how memory is limited, and limit nothing themselves. */
function isSwitch(pointer: string): boolean {
  return /\/memory\/(useHierarchy|checkBeforeUpdate)$/.test(pointer);
}
