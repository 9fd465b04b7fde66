// What was found in config.json, said shortly: an error is one line, whatever the document holds.

import { quote as quoteAll } from "../quote.ts";
import type { Json } from "./json.ts";

const MAX_LENGTH = 60;

/** Cut to about 60 characters. */
export function quote(text: string): string {
  return quoteAll(text, MAX_LENGTH);
}

/** `string "abc"`, `number 5`, `an array of 3`; undefined is a field that is not there. */
export function describeFound(value: Json | undefined): string {
  if (value === undefined) return "nothing";
  if (value === null) return "null";
  if (typeof value === "string") return `string ${quote(value)}`;
  if (typeof value === "boolean") return String(value);
  if (typeof value === "object") return Array.isArray(value) ? `an array of ${value.length}` : "an object";
  const digits = String(value);
  return `number ${digits.length > MAX_LENGTH ? `${digits.slice(0, MAX_LENGTH)}...` : digits}`;
}
