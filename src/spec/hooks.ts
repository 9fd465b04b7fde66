// config.md#posix-platform-hooks

import { absolutePath, arrayOf, type Check, int, object, texts } from "./check.ts";
import type { Hook, Hooks } from "./types.ts";

const hook: Check<Hook> = object(
  { path: absolutePath },
  // The spec wants more than 0 where it is set; the upper bound keeps the milliseconds of a poll(2) in an int.
  { args: texts, env: texts, timeout: int(1, 2147483) },
);

const list = arrayOf(hook);

/** In the order in which they are run. */
export const HOOK_KINDS = [
  "prestart",
  "createRuntime",
  "createContainer",
  "startContainer",
  "poststart",
  "poststop",
] as const;

export type HookKind = (typeof HOOK_KINDS)[number];

/** Those of which there is at least one: engines write empty lists for what they do not want. */
export function hookKinds(hooks: Hooks | undefined): readonly HookKind[] {
  return hooks === undefined ? [] : HOOK_KINDS.filter((kind) => hooks[kind]?.length);
}

export const hooks: Check<Hooks> = object(
  {},
  {
    prestart: list,
    createRuntime: list,
    createContainer: list,
    startContainer: list,
    poststart: list,
    poststop: list,
  },
);
