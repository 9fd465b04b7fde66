// `explain`: the program that `create` would run for this bundle, as text. Nothing is made, and nothing is entered.

import { formatProgram } from "../program/listing.ts";
import { type PrepareRequest, prepare } from "./prepare.ts";

/** The id is only part of names: that of the session keyring. */
const ID = "ID";

export function explainBundle(
  bundle: string,
  options: Omit<PrepareRequest, "id" | "bundle" | "warn">,
): string {
  return formatProgram(prepare({ ...options, id: ID, bundle, warn: () => {} }, true).program);
}
