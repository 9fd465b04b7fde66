// From bytes to values. The bytes are from another process: every length is compared with what is there before
// anything is read, padding and strings are checked as the D-Bus specification demands, and variants end somewhere.

import { RuntError } from "../../../error.ts";
import { isUtf8 } from "../../../utf8.ts";
import { ALIGNMENT, type BasicCode, parseSignature, parseSingleType, type Type } from "./signature.ts";
import type { Value } from "./value.ts";

interface Input {
  readonly bytes: Uint8Array;
  readonly view: DataView;
  at: number;
  /** Containers around the value: arrays, structures, variants. */
  depth: number;
}

const MAX_DEPTH = 64;

/** The values at the start of `bytes`, which lie at an offset that is a multiple of 8 in their message. */
export function unmarshal(signature: string, bytes: Uint8Array): readonly Value[] {
  const { values, length } = unmarshalPart(signature, bytes);
  if (length !== bytes.length) throw broken("there are bytes after the last value");
  return values;
}

/** The same, with anything after them: their `length` in bytes. */
export function unmarshalPart(
  signature: string,
  bytes: Uint8Array,
): { readonly values: readonly Value[]; readonly length: number } {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const input: Input = { bytes, view, at: 0, depth: 0 };
  const values = parseSignature(signature).map((type) => read(input, type));
  return { values, length: input.at };
}

function read(input: Input, type: Type): Value {
  align(input, ALIGNMENT[type.code]);
  switch (type.code) {
    case "a":
      return inside(input, () => readArray(input, type.element));
    case "(":
      return inside(input, () => type.fields.map((field) => read(input, field)));
    case "{":
      return inside(input, () => [read(input, type.key), read(input, type.value)]);
    case "v":
      return inside(input, () => readVariant(input));
    default:
      return readBasic(input, type.code);
  }
}

function readBasic(input: Input, code: BasicCode): Value {
  switch (code) {
    case "b":
      return readBoolean(input);
    case "s":
    case "o":
      return readText(input, input.view.getUint32(take(input, 4), true));
    case "g":
      return readText(input, input.view.getUint8(take(input, 1)));
    case "y":
      return input.view.getUint8(take(input, 1));
    case "n":
      return input.view.getInt16(take(input, 2), true);
    case "q":
      return input.view.getUint16(take(input, 2), true);
    case "i":
      return input.view.getInt32(take(input, 4), true);
    case "u":
    case "h":
      return input.view.getUint32(take(input, 4), true);
    case "x":
      return input.view.getBigInt64(take(input, 8), true);
    case "t":
      return input.view.getBigUint64(take(input, 8), true);
    case "d":
      return input.view.getFloat64(take(input, 8), true);
  }
}

function readBoolean(input: Input): boolean {
  const word = input.view.getUint32(take(input, 4), true);
  if (word > 1) throw broken("a boolean is neither 0 nor 1");
  return word === 1;
}

function readText(input: Input, length: number): string {
  const start = take(input, length);
  if (input.bytes[take(input, 1)] !== 0) throw broken("a string is not terminated");
  let text = "";
  for (let at = start; at < start + length; at++) text += String.fromCharCode(input.bytes[at] ?? 0);
  if (text.includes("\0") || !isUtf8(text)) throw broken("a string is not UTF-8");
  return text;
}

function readVariant(input: Input): Value {
  const signature = readText(input, input.view.getUint8(take(input, 1)));
  return { signature, value: read(input, parseSingleType(signature)) };
}

function readArray(input: Input, element: Type): Value {
  const length = input.view.getUint32(take(input, 4), true);
  align(input, ALIGNMENT[element.code]);
  const start = input.at;
  const end = start + length;
  if (end > input.bytes.length) throw broken("an array is longer than its message");
  if (element.code === "y") return input.bytes.slice(start, take(input, length) + length);
  const items: Value[] = [];
  // Every value takes a byte at least, so this ends.
  while (input.at < end) items.push(read(input, element));
  if (input.at !== end) throw broken("an array ends inside of its last element");
  return items;
}

function inside(input: Input, body: () => Value): Value {
  if (++input.depth > MAX_DEPTH) throw broken(`more than ${MAX_DEPTH} containers are nested`);
  const value = body();
  input.depth--;
  return value;
}

function align(input: Input, alignment: number): void {
  const padding = -input.at & (alignment - 1);
  const start = take(input, padding);
  for (let at = start; at < start + padding; at++) {
    if (input.bytes[at] !== 0) throw broken("padding is not zero");
  }
}

/** Offset of the next `size` bytes, which are there. */
function take(input: Input, size: number): number {
  const start = input.at;
  if (size > input.bytes.length - start) throw broken("it ends too early");
  input.at += size;
  return start;
}

export function broken(why: string): RuntError {
  return new RuntError({ what: "read a message of D-Bus", why });
}
