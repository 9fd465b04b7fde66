// Values as GVariant text (GLib, "GVariant Text Format"), which annotations hold: `true`, `'text'`, `uint64 5`,
// `['a', 'b']`, `@as []`. First the text becomes a tree, then the tree gets the type that is asked for, or its own.

import { quote } from "../../../quote.ts";
import { parseSingleType, type Type } from "../dbus/signature.ts";
import { type Value, type Variant, variant } from "../dbus/value.ts";
import { expectToken, type Tokens, tokenize, unescapeText } from "./gvariant_tokens.ts";

type Tree =
  | { readonly kind: "word" | "text" | "number"; readonly text: string }
  | { readonly kind: "typed"; readonly signature: string; readonly inner: Tree }
  | { readonly kind: "variant"; readonly inner: Tree }
  | { readonly kind: "array" | "tuple"; readonly items: readonly Tree[] }
  | { readonly kind: "dict"; readonly entries: readonly (readonly [Tree, Tree])[] };

const TYPE_NAMES: Readonly<Record<string, string>> = {
  boolean: "b",
  byte: "y",
  int16: "n",
  uint16: "q",
  int32: "i",
  uint32: "u",
  int64: "x",
  uint64: "t",
  double: "d",
  string: "s",
  objectpath: "o",
  signature: "g",
};

const MAX_DEPTH = 16;

/** @throws Error with what is wrong, for the caller to say where */
export function parseGVariant(text: string): Variant {
  const tokens = tokenize(text);
  const tree = parseTree(tokens, 0);
  if (tokens.list[tokens.at] !== undefined)
    throw new Error(`${quote(tokens.list[tokens.at] ?? "", 40)} is too much`);
  const signature = signatureOf(tree);
  return variant(signature, toValue(tree, parseSingleType(signature)));
}

function parseTree(tokens: Tokens, depth: number): Tree {
  if (depth > MAX_DEPTH) throw new Error("it is nested too deep");
  const token = tokens.list[tokens.at++];
  if (token === undefined) throw new Error("a value is missing");
  const first = token.charAt(0);
  if (first === "@") return { kind: "typed", signature: token.slice(1), inner: parseTree(tokens, depth + 1) };
  if (first === "'" || first === '"') return { kind: "text", text: unescapeText(token.slice(1, -1)) };
  if (first === "[") return { kind: "array", items: parseItems(tokens, "]", depth + 1) };
  if (first === "(") return { kind: "tuple", items: parseItems(tokens, ")", depth + 1) };
  if (first === "{") return { kind: "dict", entries: parseEntries(tokens, depth + 1) };
  if (first === "<") {
    const inner = parseTree(tokens, depth + 1);
    expectToken(tokens, ">");
    return { kind: "variant", inner };
  }
  if (/[0-9.+-]/.test(first)) return { kind: "number", text: token };
  const signature = Object.hasOwn(TYPE_NAMES, token) ? TYPE_NAMES[token] : undefined;
  if (signature !== undefined) return { kind: "typed", signature, inner: parseTree(tokens, depth + 1) };
  if (token === "true" || token === "false") return { kind: "word", text: token };
  throw new Error(`${quote(token, 40)} is no value; text is written in quotes`);
}

function parseItems(tokens: Tokens, end: string, depth: number): readonly Tree[] {
  const items: Tree[] = [];
  while (tokens.list[tokens.at] !== end) {
    items.push(parseTree(tokens, depth));
    if (tokens.list[tokens.at] !== end) expectToken(tokens, ",");
  }
  tokens.at++;
  return items;
}

function parseEntries(tokens: Tokens, depth: number): readonly (readonly [Tree, Tree])[] {
  const entries: (readonly [Tree, Tree])[] = [];
  while (tokens.list[tokens.at] !== "}") {
    const key = parseTree(tokens, depth);
    expectToken(tokens, ":");
    entries.push([key, parseTree(tokens, depth)]);
    if (tokens.list[tokens.at] !== "}") expectToken(tokens, ",");
  }
  tokens.at++;
  return entries;
}

/** The type that the text has by itself: a number is an int32, and nothing is known of an empty array. */
function signatureOf(tree: Tree): string {
  switch (tree.kind) {
    case "word":
      return "b";
    case "text":
      return "s";
    case "number":
      return DOUBLE.test(tree.text) ? "d" : "i";
    case "typed":
      return tree.signature;
    case "variant":
      return "v";
    case "tuple":
      return `(${tree.items.map(signatureOf).join("")})`;
    case "array":
      return `a${commonSignature(tree.items)}`;
    case "dict": {
      const key = commonSignature(tree.entries.map(([item]) => item));
      return `a{${key}${commonSignature(tree.entries.map(([, item]) => item))}}`;
    }
  }
}

/** That of an element whose type is written, else that of the first one. */
function commonSignature(items: readonly Tree[]): string {
  const [first] = items;
  if (first === undefined)
    throw new Error("the type of an empty array is not known: write it, like `@as []`");
  return signatureOf(items.find(({ kind }) => kind === "typed") ?? first);
}

const DOUBLE = /^[-+]?([0-9]+\.[0-9]*|\.[0-9]+|[0-9]+(?=[eE]))([eE][-+]?[0-9]+)?$/;

function toValue(tree: Tree, type: Type): Value {
  switch (tree.kind) {
    case "typed": {
      const own = parseSingleType(tree.signature);
      if (JSON.stringify(own) !== JSON.stringify(type)) throw new Error("the types of its parts differ");
      return toValue(tree.inner, own);
    }
    case "word":
      return type.code === "b" ? tree.text === "true" : wrong(tree.text, type);
    case "text":
      return "sog".includes(type.code) ? tree.text : wrong(tree.text, type);
    case "number":
      return toNumber(tree.text, type);
    case "variant": {
      if (type.code !== "v") return wrong("a variant", type);
      const signature = signatureOf(tree.inner);
      return variant(signature, toValue(tree.inner, parseSingleType(signature)));
    }
    case "array":
      return type.code === "a" ? toArray(tree.items, type.element) : wrong("an array", type);
    case "tuple": {
      if (type.code !== "(" || type.fields.length !== tree.items.length) return wrong("a tuple", type);
      return type.fields.map((field, index) => toValue(tree.items[index] as Tree, field));
    }
    case "dict": {
      if (type.code !== "a" || type.element.code !== "{") return wrong("a dictionary", type);
      const { key, value } = type.element;
      return tree.entries.map(([name, item]) => [toValue(name, key), toValue(item, value)]);
    }
  }
}

function toArray(items: readonly Tree[], element: Type): Value {
  const values = items.map((item) => toValue(item, element));
  return element.code === "y" ? Uint8Array.from(values as number[]) : values;
}

/** Ranges are checked where the value is marshalled. */
function toNumber(text: string, type: Type): Value {
  if (type.code === "d")
    return DOUBLE.test(text) || /^[-+]?[0-9]+$/.test(text) ? Number(text) : wrong(text, type);
  const [, sign, digits] = /^([-+]?)(0[xX][0-9a-fA-F]+|0[0-7]*|[1-9][0-9]*)$/.exec(text) ?? [];
  if (digits === undefined || !"ynqiuxt".includes(type.code)) return wrong(text, type);
  const octal = /^0[0-7]+$/.test(digits);
  const value = BigInt(octal ? `0o${digits.slice(1)}` : digits) * (sign === "-" ? -1n : 1n);
  return type.code === "x" || type.code === "t" ? value : Number(value);
}

function wrong(found: string, type: Type): never {
  throw new Error(`found ${quote(found, 40)} for the type ${type.code}`);
}
