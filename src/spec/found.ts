// What was found in config.json, said shortly and in printable ASCII: an error about a string must not bring that
// string's control characters to a terminal or its broken UTF-8 into a JSON log.

import type { Json } from "./json.ts";

const MAX_LENGTH = 60;

/** `"name"` with C-style escapes for everything that is not printable ASCII, cut to about 60 characters. */
export function quote(text: string): string {
  let out = "";
  for (let at = 0; at < text.length; at++) {
    if (out.length >= MAX_LENGTH) return `"${out}..."`;
    const char = text.charAt(at);
    const code = text.charCodeAt(at);
    if (char === "\n") out += "\\n";
    else if (char === '"' || char === "\\") out += `\\${char}`;
    else if (code < 0x20 || code > 0x7e) out += `\\x${code.toString(16).padStart(2, "0")}`;
    else out += char;
  }
  return `"${out}"`;
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
