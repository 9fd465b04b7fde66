// Which cases a command line selects: `docker podman` the cases of two engines, `podman exec` those of one that have
// `exec` in their name, `exec` those of all engines.

import type { Case } from "./case.ts";

interface Named {
  readonly name: string;
  readonly cases: readonly Case[];
}

/** @returns the cases of `engine`, which is one of `engines` */
export function selected(
  words: readonly string[],
  engine: Named,
  engines: readonly Named[],
): readonly Case[] {
  const isEngine = (word: string) => engines.some(({ name }) => name === word);
  const chosen = words.filter(isEngine);
  if (chosen.length > 0 && !chosen.includes(engine.name)) return [];
  const parts = words.filter((word) => !isEngine(word));
  return engine.cases.filter(({ name }) => parts.length === 0 || parts.some((part) => name.includes(part)));
}
