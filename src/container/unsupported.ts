// What config.json may ask for and this version does not do. A request that would silently come to nothing is an
// error: a filter or a label that is not there must not be believed in.

import { RuntError } from "../error.ts";
import { parseMountOptions } from "../rootfs/mount_options.ts";
import type { Linux, Process, Spec } from "../spec/types.ts";

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
