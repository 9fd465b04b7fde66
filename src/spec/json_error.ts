// Where a text stops being JSON, and what was expected there. It runs only after JSON.parse has refused the text,
// so it is written to be read, not to be fast.

import { quote } from "./found.ts";

/** How deep arrays and objects may nest before we blame the nesting. No engine's stack overflows below it. */
export const MAX_DEPTH = 1000;

/** The first thing wrong: where, and what should have been there. */
interface Fault {
  readonly at: number;
  readonly expected: string;
}

type Step = { readonly end: number } | Fault;

/** `line 3 column 7: expected a comma or }, found "x"`; line and column count from 1, columns in bytes. */
export function explainJsonError(text: string): string {
  const fault = findFault(text);
  if (fault === undefined) return "the parser refuses it, for a reason that we do not know";
  const before = text.slice(0, fault.at);
  const line = before.split("\n").length;
  const column = fault.at - before.lastIndexOf("\n");
  const found = fault.at < text.length ? quote(text.slice(fault.at, fault.at + 1)) : "the end of the text";
  return `line ${line} column ${column}: expected ${fault.expected}, found ${found}`;
}

/** Walks the text with an explicit stack of closing brackets. */
function findFault(text: string): Fault | undefined {
  const open: ("}" | "]")[] = [];
  let at = skipSpace(text, 0);
  let wanted: "value" | "first item" | "first key" | "key" | "end of item" = "value";
  for (;;) {
    const char = text[at];
    const closer = open.at(-1);
    if (wanted === "end of item") {
      if (closer === undefined)
        return at < text.length ? { at, expected: "nothing after the value" } : undefined;
      if (char === closer) open.pop();
      else if (char === ",") wanted = closer === "}" ? "key" : "value";
      else return { at, expected: `a comma or ${closer}` };
      at = skipSpace(text, at + 1);
    } else if ((wanted === "first item" || wanted === "first key") && char === closer) {
      open.pop();
      wanted = "end of item";
      at = skipSpace(text, at + 1);
    } else if (wanted === "key" || wanted === "first key") {
      const step = scanKey(text, at, wanted === "key" ? "a key in quotes" : "a key in quotes or }");
      if ("expected" in step) return step;
      at = step.end;
      wanted = "value";
    } else if (char === "{" || char === "[") {
      if (open.length === MAX_DEPTH) return { at, expected: `at most ${MAX_DEPTH} levels of nesting` };
      open.push(char === "{" ? "}" : "]");
      wanted = char === "{" ? "first key" : "first item";
      at = skipSpace(text, at + 1);
    } else {
      const step = scanScalar(text, at, wanted === "first item" ? "a value or ]" : "a value");
      if ("expected" in step) return step;
      at = skipSpace(text, step.end);
      wanted = "end of item";
    }
  }
}

function skipSpace(text: string, from: number): number {
  let at = from;
  while (at < text.length && " \t\n\r".includes(text.charAt(at))) at++;
  return at;
}

/** A key with its colon and the space after it. */
function scanKey(text: string, at: number, expected: string): Step {
  if (text[at] !== '"') return { at, expected };
  const key = scanString(text, at);
  if ("expected" in key) return key;
  const colon = skipSpace(text, key.end);
  return text[colon] === ":" ? { end: skipSpace(text, colon + 1) } : { at: colon, expected: "a colon" };
}

function scanScalar(text: string, at: number, expected: string): Step {
  const char = text.charAt(at);
  if (char === '"') return scanString(text, at);
  if (char === "-" || (char >= "0" && char <= "9")) return scanNumber(text, at);
  for (const word of ["true", "false", "null"])
    if (text.startsWith(word, at)) return { end: at + word.length };
  return { at, expected };
}

function scanNumber(text: string, start: number): Step {
  let at = text[start] === "-" ? start + 1 : start;
  let end = skipDigits(text, at);
  if (end === at) return { at, expected: "a digit" };
  if (text[at] === "0" && end > at + 1) return { at: at + 1, expected: "a number without leading zeros" };
  if (text[end] === ".") {
    at = end + 1;
    end = skipDigits(text, at);
    if (end === at) return { at, expected: "a digit" };
  }
  if (text[end] === "e" || text[end] === "E") {
    at = "+-".includes(text[end + 1] ?? " ") ? end + 2 : end + 1;
    end = skipDigits(text, at);
    if (end === at) return { at, expected: "a digit" };
  }
  return { end };
}

function skipDigits(text: string, from: number): number {
  let at = from;
  while (text.charAt(at) >= "0" && text.charAt(at) <= "9") at++;
  return at;
}

function scanString(text: string, start: number): Step {
  let at = start + 1;
  for (;;) {
    const char = text[at];
    if (char === undefined) return { at, expected: "a closing quote" };
    if (char === '"') return { end: at + 1 };
    if (char < " ") return { at, expected: "an escape for a control character" };
    const step: Step = char === "\\" ? scanEscape(text, at) : { end: at + 1 };
    if ("expected" in step) return step;
    at = step.end;
  }
}

function scanEscape(text: string, at: number): Step {
  const kind = text[at + 1];
  if (kind === undefined || !'"\\/bfnrtu'.includes(kind))
    return { at: at + 1, expected: 'one of "\\/bfnrtu' };
  if (kind !== "u") return { end: at + 2 };
  for (let i = at + 2; i < at + 6; i++) {
    if (!"0123456789abcdefABCDEF".includes(text[i] ?? " ")) return { at: i, expected: "a hexadecimal digit" };
  }
  const unit = Number.parseInt(text.slice(at + 2, at + 6), 16);
  if (unit < 0xd800 || unit > 0xdfff) return { end: at + 6 };
  if (unit >= 0xdc00) return { at, expected: "a high surrogate before this low one" };
  const low = text.slice(at + 6, at + 8) === "\\u" ? Number.parseInt(text.slice(at + 8, at + 12), 16) : 0;
  if (low >= 0xdc00 && low <= 0xdfff) return { end: at + 12 };
  return { at: at + 6, expected: "a low surrogate after this high one" };
}
