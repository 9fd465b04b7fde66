// `explain`: the program that `create` would run for this bundle, as text. Nothing is made, and nothing is entered.

import { formatProgram } from "../program/listing.ts";
import { type CompileOptions, compileContainer } from "./compile.ts";
import { prepare } from "./prepare.ts";

/** The id is only part of names: that of the session keyring. */
const ID = "ID";

export function explainBundle(bundle: string, options: Omit<CompileOptions, "barrier">): string {
  const { spec, process, facts } = prepare({ id: ID, bundle, warn: () => {} });
  return formatProgram(compileContainer(spec, process, facts, { ...options, barrier: true }));
}
