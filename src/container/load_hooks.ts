// From config.json, or from the record of a container, to its hooks: their code is loaded, and a later command reads
// config.json again, only for containers that have some.

import { readFileIfExists } from "../kernel/file.ts";
import { type HookKind, hookKinds } from "../spec/hooks.ts";
import { parseSpec } from "../spec/parse.ts";
import type { Hooks } from "../spec/types.ts";
import type { ContainerHooks, HookSubject } from "./hooks.ts";
import type { ContainerRecord } from "./record.ts";
import { CONFIG, type LockedDirectory } from "./store.ts";

export async function loadHooks(
  hooks: Hooks | undefined,
  subject: HookSubject,
): Promise<ContainerHooks | undefined> {
  if (hooks === undefined || hookKinds(hooks).length === 0) return undefined;
  return (await import("./hooks.ts")).containerHooks(hooks, subject);
}

/** undefined where it has none of these kinds, or ended before it had a program, and so before any hook. */
export async function hooksOf(
  record: ContainerRecord,
  directory: LockedDirectory,
  kinds: readonly HookKind[],
): Promise<ContainerHooks | undefined> {
  if (!record.hooks?.some((kind) => kinds.includes(kind))) return undefined;
  const config = readFileIfExists(CONFIG, directory.fd);
  return config ? loadHooks(parseSpec(config).spec.hooks, record) : undefined;
}
