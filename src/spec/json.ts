// JSON for byte strings. JSON.parse does the work; this file covers the two things that it gets wrong for us:
// a \u escape has to become the UTF-8 bytes of its code point, and an integer has to survive exactly. Both are
// rare, so a text is rewritten only if it contains one.

import { RuntError } from "../error.ts";
import { explainJsonError, MAX_DEPTH } from "./json_error.ts";

/** A bigint stands for an integer of 16 to MAX_DIGITS digits; all other numbers are doubles. */
export type Json = null | boolean | number | bigint | string | Json[] | JsonObject;
export type JsonObject = { [key: string]: Json };

/** Integers below 10^15 are exact as doubles. */
const EXACT_DIGITS = 15;

/** More than any 64-bit number has; BigInt() of a megabyte of digits would take minutes. */
const MAX_DIGITS = 64;

/**
 * Marks a string that stands for an integer while JSON.parse runs. A config cannot forge it: its characters are
 * bytes, so 0x100 occurs neither in the text nor, once expandEscapes has run, in any string.
 */
const MARK = "\u0100";

/**
 * Reads JSON (RFC 8259) from a byte string. Of duplicate keys the last wins, as in Go. `__proto__` is an own
 * property like any other; read fields with Object.hasOwn.
 *
 * Throws RuntError `<file> is not JSON` with the line, the column (both from 1, columns count bytes) and what was
 * expected there.
 */
export function parseJson(text: string, file: string): Json {
  // The engine splits by the first character of the separator, where it searches by all of it everywhere.
  const source = text.split("\\u", 2).length > 1 ? expandEscapes(text) : text;
  if (source === undefined) throw notJson(text, file);
  const marked = hasLongInteger(source);
  let value: Json;
  try {
    value = JSON.parse(marked ? markIntegers(source) : source) as Json;
  } catch {
    // The engines' own messages give no position, or one in the rewritten text.
    throw notJson(text, file);
  }
  if (!marked) return value;
  const exact = unmark(value, 0);
  if (exact === undefined) throw notJson(text, file);
  return exact;
}

function notJson(text: string, file: string): RuntError {
  return new RuntError({ what: `${file} is not JSON`, why: explainJsonError(text) });
}

/**
 * Replaces the escapes of U+0080 and up by raw UTF-8 bytes; undefined if a surrogate stands alone. Escapes below
 * stay for JSON.parse, which reads them correctly. That also makes it safe to rewrite without knowing whether we
 * are inside a string: outside of one a byte over 0x7F is as wrong as the escape was.
 */
function expandEscapes(text: string): string | undefined {
  let out = "";
  let copied = 0;
  for (let at = text.indexOf("\\"); at !== -1; at = text.indexOf("\\", at)) {
    let code = text[at + 1] === "u" ? hex4(text, at + 2) : -1;
    if (code < 0x80) {
      at += 2;
      continue;
    }
    let end = at + 6;
    if (code >= 0xd800 && code <= 0xdfff) {
      const low = text[end] === "\\" && text[end + 1] === "u" ? hex4(text, end + 2) : -1;
      if (code >= 0xdc00 || low < 0xdc00 || low > 0xdfff) return undefined;
      code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
      end += 6;
    }
    out += text.slice(copied, at) + utf8(code);
    at = end;
    copied = end;
  }
  return copied === 0 ? text : out + text.slice(copied);
}

/** The value of four hexadecimal digits, or -1. */
function hex4(text: string, at: number): number {
  let value = 0;
  for (let i = at; i < at + 4; i++) {
    const char = text.charCodeAt(i);
    const lower = char | 0x20;
    if (char >= 0x30 && char <= 0x39) value = value * 16 + char - 0x30;
    else if (lower >= 0x61 && lower <= 0x66) value = value * 16 + lower - 0x57;
    else return -1;
  }
  return value;
}

/** UTF-8 of a code point from U+0080 up, one char per byte. */
function utf8(code: number): string {
  const last = 0x80 | (code & 0x3f);
  if (code < 0x800) return String.fromCharCode(0xc0 | (code >> 6), last);
  const third = 0x80 | ((code >> 6) & 0x3f);
  if (code < 0x10000) return String.fromCharCode(0xe0 | (code >> 12), third, last);
  return String.fromCharCode(0xf0 | (code >> 18), 0x80 | ((code >> 12) & 0x3f), third, last);
}

function isDigit(text: string, at: number): boolean {
  const char = text.charCodeAt(at);
  return char >= 0x30 && char <= 0x39;
}

/** Whether there is a run of 16 digits anywhere, in a string or not. Such a run covers a multiple of 16. */
function hasLongInteger(text: string): boolean {
  const stride = EXACT_DIGITS + 1;
  for (let probe = 0; probe < text.length; probe += stride) {
    const char = text.charCodeAt(probe);
    if (char < 0x30 || char > 0x39) continue;
    const [start, end] = digitsAround(text, probe);
    if (end - start > EXACT_DIGITS) return true;
  }
  return false;
}

function digitsAround(text: string, at: number): [start: number, end: number] {
  let start = at;
  while (isDigit(text, start - 1)) start--;
  let end = at + 1;
  while (isDigit(text, end)) end++;
  return [start, end];
}

/** Turns the long integers outside strings into marked strings. */
function markIntegers(text: string): string {
  let out = "";
  let copied = 0;
  let at = 0;
  while (at < text.length) {
    const quote = text.indexOf('"', at);
    const outside = quote === -1 ? text.length : quote;
    for (let probe = at + EXACT_DIGITS; probe < outside; probe += EXACT_DIGITS + 1) {
      if (!isDigit(text, probe)) continue;
      const [first, end] = digitsAround(text, probe);
      probe = Math.max(probe, end);
      const start = text[first - 1] === "-" ? first - 1 : first;
      if (!isLongInteger(text, start, first, end)) continue;
      out += `${text.slice(copied, start)}"${MARK}${text.slice(start, end)}"`;
      copied = end;
    }
    at = quote === -1 ? text.length : closingQuote(text, quote) + 1;
  }
  return out + text.slice(copied);
}

/** Leaves to JSON.parse what is part of a fraction or an exponent, and what is wrong anyway (leading zeros). */
function isLongInteger(text: string, start: number, first: number, end: number): boolean {
  const digits = end - first;
  if (digits <= EXACT_DIGITS || digits > MAX_DIGITS || text[first] === "0") return false;
  const before = text[start - 1] ?? "";
  const after = text[end] ?? "";
  return !".eE+-".includes(before || " ") && !".eE".includes(after || " ");
}

function closingQuote(text: string, open: number): number {
  for (let close = text.indexOf('"', open + 1); close !== -1; close = text.indexOf('"', close + 1)) {
    let backslashes = 0;
    while (text[close - 1 - backslashes] === "\\") backslashes++;
    if (backslashes % 2 === 0) return close;
  }
  return text.length;
}

/** Turns marked strings into bigints, in place; undefined if a number stood where a key belongs, or too deep. */
function unmark(value: Json, depth: number): Json | undefined {
  if (typeof value === "string") return value.startsWith(MARK) ? BigInt(value.slice(1)) : value;
  if (typeof value !== "object" || value === null) return value;
  if (depth === MAX_DEPTH) return undefined;
  // An array is walked by its keys as well: the indices are strings that never begin with the mark.
  const container = value as JsonObject;
  for (const key of Object.keys(container)) {
    const before = container[key] as Json;
    const after = unmark(before, depth + 1);
    if (after === undefined || key.startsWith(MARK)) return undefined;
    if (after !== before) container[key] = after;
  }
  return value;
}
