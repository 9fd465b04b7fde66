// D-Bus type signatures (D-Bus specification, "Type System") as trees. What a signature says comes from another process
// as often as from us, so every limit of the specification holds here: length, depth, and where a dict entry may be.

import { RuntError } from "../../../error.ts";

export type BasicCode = "y" | "b" | "n" | "q" | "i" | "u" | "x" | "t" | "d" | "s" | "o" | "g" | "h";

export type Type =
  | { readonly code: BasicCode | "v" }
  | { readonly code: "a"; readonly element: Type }
  | { readonly code: "("; readonly fields: readonly Type[] }
  | { readonly code: "{"; readonly key: Type; readonly value: Type };

/** Multiple of which a value starts at, in bytes from the start of the message. */
export const ALIGNMENT: Readonly<Record<Type["code"], number>> = {
  y: 1,
  b: 4,
  n: 2,
  q: 2,
  i: 4,
  u: 4,
  x: 8,
  t: 8,
  d: 8,
  s: 4,
  o: 4,
  g: 1,
  h: 4,
  v: 1,
  a: 4,
  "(": 8,
  "{": 8,
};

const BASIC = "ybnqiuxtdsogh";
const MAX_LENGTH = 255;
/** For arrays and for structures, each. */
const MAX_DEPTH = 32;

interface Cursor {
  readonly text: string;
  at: number;
}

interface Depth {
  readonly arrays: number;
  readonly structures: number;
}

/** The complete types of a signature, one after the other. */
export function parseSignature(text: string): readonly Type[] {
  if (text.length > MAX_LENGTH) throw invalid(text, `it is longer than ${MAX_LENGTH} characters`);
  const cursor = { text, at: 0 };
  const types: Type[] = [];
  while (cursor.at < text.length) types.push(parseType(cursor, { arrays: 0, structures: 0 }));
  return types;
}

/** A signature of exactly one complete type: that of a variant. */
export function parseSingleType(text: string): Type {
  const [type, ...more] = parseSignature(text);
  if (type === undefined || more.length > 0) throw invalid(text, "it is not one complete type");
  return type;
}

function parseType(cursor: Cursor, depth: Depth): Type {
  const code = cursor.text.charAt(cursor.at++);
  if (code === "v") return { code };
  if (code !== "" && BASIC.includes(code)) return { code: code as BasicCode };
  if (code === "a") return { code, element: parseElement(cursor, deeper(cursor, depth, "arrays")) };
  if (code === "(") return { code, fields: parseFields(cursor, deeper(cursor, depth, "structures")) };
  throw invalid(cursor.text, code === "" ? "it ends too early" : `${JSON.stringify(code)} is no type`);
}

function parseElement(cursor: Cursor, depth: Depth): Type {
  if (cursor.text.charAt(cursor.at) !== "{") return parseType(cursor, depth);
  cursor.at++;
  const inside = deeper(cursor, depth, "structures");
  const key = parseType(cursor, inside);
  if (!BASIC.includes(key.code)) throw invalid(cursor.text, "the key of a dict entry is not a basic type");
  const value = parseType(cursor, inside);
  if (cursor.text.charAt(cursor.at++) !== "}") throw invalid(cursor.text, "a dict entry has not two types");
  return { code: "{", key, value };
}

function parseFields(cursor: Cursor, depth: Depth): readonly Type[] {
  const fields: Type[] = [];
  while (cursor.text.charAt(cursor.at) !== ")") fields.push(parseType(cursor, depth));
  cursor.at++;
  if (fields.length === 0) throw invalid(cursor.text, "a structure is empty");
  return fields;
}

function deeper({ text }: Cursor, depth: Depth, what: keyof Depth): Depth {
  if (depth[what] === MAX_DEPTH) throw invalid(text, `more than ${MAX_DEPTH} ${what} are nested`);
  return { ...depth, [what]: depth[what] + 1 };
}

function invalid(text: string, why: string): RuntError {
  return new RuntError({ what: `D-Bus signature ${JSON.stringify(text.slice(0, 64))}`, why });
}
