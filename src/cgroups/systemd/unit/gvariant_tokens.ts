// Words, numbers, texts and punctuation of GVariant text.

import { quote } from "../../../quote.ts";

export interface Tokens {
  readonly list: readonly string[];
  at: number;
}

const SPACE = /[ \t\r\n]*/y;

/** Types, words, numbers, texts in either quotes, punctuation. Literals: the engine that runs has no compiler of patterns. */
const KINDS = [
  /@[a-z(){}]+/y,
  /[A-Za-z][A-Za-z0-9]*/y,
  /[-+]?(?:[0-9]*\.?[0-9]+[eE][-+][0-9]+|[0-9.][0-9A-Za-z.]*)/y,
  /'(?:[^'\\]|\\[\s\S])*'/y,
  /"(?:[^"\\]|\\[\s\S])*"/y,
  /[[\](){}<>,:]/y,
];

/** @throws Error */
export function tokenize(text: string): Tokens {
  const list: string[] = [];
  const end = text.trimEnd().length;
  for (let at = 0; at < end; ) {
    at += match(SPACE, text, at)?.length ?? 0;
    const token = firstMatch(text, at);
    if (token === undefined) throw new Error(`${quote(text.slice(at).trim(), 40)} is no value`);
    list.push(token);
    at += token.length;
  }
  return { list, at: 0 };
}

function firstMatch(text: string, at: number): string | undefined {
  for (const kind of KINDS) {
    const found = match(kind, text, at);
    if (found !== undefined) return found;
  }
  return undefined;
}

function match(pattern: RegExp, text: string, at: number): string | undefined {
  pattern.lastIndex = at;
  return pattern.exec(text)?.[0];
}

const ESCAPES: Readonly<Record<string, string>> = {
  n: "\n",
  t: "\t",
  r: "\r",
  a: "\x07",
  b: "\b",
  f: "\f",
  v: "\v",
};

/** What a text between its quotes stands for. */
export function unescapeText(text: string): string {
  return text.replace(/\\([\s\S])/g, (_, char: string) => {
    if (char === "u" || char === "U") {
      throw new Error(`\\${char} is not supported: write the character itself`);
    }
    return ESCAPES[char] ?? char;
  });
}

export function expectToken(tokens: Tokens, wanted: string): void {
  const found = tokens.list[tokens.at++];
  if (found !== wanted) throw new Error(`found ${quote(found ?? "the end", 40)}, expected ${quote(wanted)}`);
}
