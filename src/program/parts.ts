// Parts of programs that many containers have in common: found here, a part costs neither compiling nor assembling.
// The build collects them by compiling typical containers (src/collect.ts); a process only looks them up.

import type { Parts, Subject } from "./builder.ts";
import type { Code, Part } from "./instruction.ts";

const PARTS = new Map<Subject, Map<string, Part>>();

export const KNOWN_PARTS: Parts = { find: (subject, key) => PARTS.get(subject)?.get(key) };

export function addPart(subject: Subject, key: string, part: Part): void {
  const parts = PARTS.get(subject) ?? new Map<string, Part>();
  PARTS.set(subject, parts.set(key, part));
}

/** For a builder whose parts shall be known: each is handed on once. */
export function collectParts(
  use: (subject: Subject, key: string, code: readonly Code[], result: unknown) => void,
): Parts {
  const known = new Set<string>();
  return {
    find: () => undefined,
    add(subject, key, code, result) {
      const name = JSON.stringify([subject, key]);
      if (!known.has(name)) use(subject, key, code, result);
      known.add(name);
    },
  };
}
