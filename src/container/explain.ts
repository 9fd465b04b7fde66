// `explain`: the program that `create` would run for this bundle, as text. Nothing is made, and nothing is entered.

import { formatProgram } from "../program/listing.ts";
import { type CompileOptions, compileContainer } from "./compile.ts";
import { readFacts } from "./facts.ts";
import { prepare } from "./prepare.ts";

/** The id is only part of names: that of the session keyring. */
const ID = "ID";

export async function explainBundle(
  bundle: string,
  options: Omit<CompileOptions, "barrier">,
): Promise<string> {
  const prepared = await prepare({ id: ID, bundle, warn: () => {} });
  const facts = readFacts(prepared, prepared.sources);
  return formatProgram(
    compileContainer(prepared.spec, prepared.process, facts, { ...options, barrier: true }),
  );
}
