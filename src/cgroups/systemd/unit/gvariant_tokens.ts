// Words, numbers, texts and punctuation of GVariant text.

import { quote } from "../../../quote.ts";

export interface Tokens {
  readonly list: readonly string[];
  at: number;
}

/** Types, words, numbers, texts in either quotes, punctuation. */
const KINDS = [
  /@[a-z(){}]+/,
  /[A-Za-z][A-Za-z0-9]*/,
  /[-+]?(?:[0-9]*\.?[0-9]+[eE][-+][0-9]+|[0-9.][0-9A-Za-z.]*)/,
  /'(?:[^'\\]|\\[\s\S])*'/,
  /"(?:[^"\\]|\\[\s\S])*"/,
  /[[\](){}<>,:]/,
];
const TOKEN = `[ \\t\\r\\n]*(?:${KINDS.map(({ source }) => source).join("|")})`;

/** @throws Error */
export function tokenize(text: string): Tokens {
  const list: string[] = [];
  const pattern = new RegExp(TOKEN, "y");
  const end = text.trimEnd().length;
  while (pattern.lastIndex < end) {
    const from = pattern.lastIndex;
    const found = pattern.exec(text);
    if (found === null) throw new Error(`${quote(text.slice(from).trim(), 40)} is no value`);
    list.push(found[0].trimStart());
  }
  return { list, at: 0 };
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
