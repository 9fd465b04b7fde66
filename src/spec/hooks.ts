// config.md#posix-platform-hooks

import { absolutePath, arrayOf, type Check, int, object, texts } from "./check.ts";
import type { Hook, Hooks } from "./types.ts";

const hook: Check<Hook> = object(
  { path: absolutePath },
  // The spec wants more than 0 where it is set; the upper bound keeps the milliseconds of a poll(2) in an int.
  { args: texts, env: texts, timeout: int(1, 2147483) },
);

const list = arrayOf(hook);

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
