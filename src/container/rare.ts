// What few containers ask for is another part of the executable, which is loaded for those alone.

import { RuntError } from "../error.ts";
import { has } from "../namespaces/plan.ts";
import { parseMountOptions } from "../rootfs/mount_options.ts";
import { isIdmapped } from "../spec/mounts.ts";
import type { Mount, Spec } from "../spec/types.ts";
import type { Prepared } from "./prepare.ts";

export type Rare = typeof import("./rare_fields.ts").RARE;

/** Loaded before anything is made: from there on nothing waits for anything but the kernel. */
export async function loadRare(prepared: Prepared): Promise<Rare | undefined> {
  const isUser = prepared.uid !== 0;
  if (!isUser && !prepared.notifies && !isRare(prepared.spec)) return undefined;
  const rare = await importRare();
  if (isUser) rare.requireRootless(prepared);
  return rare;
}

export async function importRare(): Promise<Rare> {
  return (await import("./rare_fields.ts")).RARE;
}

/** What to throw in place of `error`: the kernel says little of what a user namespace may not do. */
export async function advised(error: unknown, prepared: Prepared): Promise<unknown> {
  const known =
    error instanceof RuntError && error.record.errno !== undefined && error.record.hint === undefined;
  if (!known || (prepared.uid === 0 && !has(prepared.namespaces, "user"))) return error;
  return (await importRare()).withAdvice(error, prepared);
}

/** It asks for what few containers do. */
export function isRare({ mounts = [], linux = {} }: Spec): boolean {
  if (linux.netDevices !== undefined || linux.intelRdt !== undefined) return true;
  for (let i = 0; i < mounts.length; i++) {
    const mount = mounts[i] as Mount;
    if (parseMountOptions(mount.options ?? []).tmpcopyup || isIdmapped(mount)) return true;
  }
  return false;
}
