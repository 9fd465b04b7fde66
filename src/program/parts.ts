// Parts of programs that many containers have in common: found here, a part costs neither compiling nor assembling.
// The build collects them by compiling typical containers (src/collect.ts); a process only looks them up.

import type { PartInputs, Parts, Subject } from "./builder.ts";
import type { Code, Part, PartKey } from "./instruction.ts";

/** By subject and detail: few have both. */
const PARTS = new Map<Subject, Map<string, Part[]>>();

export const KNOWN_PARTS: Parts = {
  find(name, { subject, detail, registers }, inUse) {
    const found = PARTS.get(subject)?.get(detail);
    if (found === undefined) return undefined;
    for (let i = 0; i < found.length; i++) {
      const part = found[i] as Part;
      if (part.name === name && part.inUse === inUse && isSame(part.registers, registers)) return part;
    }
    return undefined;
  },
};

function isSame(indices: readonly number[], registers: PartInputs["registers"]): boolean {
  for (let i = 0; i < registers.length; i++) if (indices[i] !== registers[i]?.index) return false;
  return indices.length === registers.length;
}

export function addPart(subject: Subject, part: Part): void {
  const ofSubject = PARTS.get(subject) ?? new Map<string, Part[]>();
  ofSubject.set(part.detail, [...(ofSubject.get(part.detail) ?? []), part]);
  PARTS.set(subject, ofSubject);
}

/** For a builder whose parts shall be known: each is handed on once. */
export function collectParts(
  use: (subject: Subject, key: PartKey, code: readonly Code[], result: unknown) => void,
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
