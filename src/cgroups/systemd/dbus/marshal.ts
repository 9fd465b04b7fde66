// From values to bytes (D-Bus specification, "Marshaling"), little endian. A value that its type cannot hold is an
// error and not a truncated number: it would be another limit than the one that was asked for.

import { RuntError } from "../../../error.ts";
import { isUtf8 } from "../../../utf8.ts";
import { ALIGNMENT, type BasicCode, parseSignature, parseSingleType, type Type } from "./signature.ts";
import type { Value, Variant } from "./value.ts";

interface Output {
  bytes: Uint8Array;
  view: DataView;
  length: number;
}

const FIRST_SIZE = 512;
const MAX_ARRAY = 1 << 26;

/** Smallest and largest value of the types of up to 32 bits. */
const RANGES: Readonly<Record<"y" | "n" | "q" | "i" | "u" | "h", readonly [number, number]>> = {
  y: [0, 0xff],
  n: [-0x8000, 0x7fff],
  q: [0, 0xffff],
  i: [-0x8000_0000, 0x7fff_ffff],
  u: [0, 0xffff_ffff],
  h: [0, 0xffff_ffff],
};

/** The bytes of values whose types are those of `signature`, as they are at an offset that is a multiple of 8. */
export function marshal(signature: string, values: readonly Value[]): Uint8Array {
  const types = parseSignature(signature);
  if (types.length !== values.length) throw mismatch(values, signature);
  const bytes = new Uint8Array(FIRST_SIZE);
  const out: Output = { bytes, view: new DataView(bytes.buffer), length: 0 };
  types.forEach((type, index) => {
    write(out, type, values[index]);
  });
  return out.bytes.slice(0, out.length);
}

function write(out: Output, type: Type, value: Value | undefined): void {
  align(out, ALIGNMENT[type.code]);
  switch (type.code) {
    case "a":
      writeArray(out, type.element, value);
      break;
    case "(":
      writeFields(out, type.fields, value);
      break;
    case "{":
      writeFields(out, [type.key, type.value], value);
      break;
    case "v":
      writeVariant(out, value);
      break;
    default:
      writeBasic(out, type.code, value);
  }
}

function writeBasic(out: Output, code: BasicCode, value: Value | undefined): void {
  switch (code) {
    case "b":
      if (typeof value !== "boolean") throw mismatch(value, code);
      putInteger(out, 4, Number(value));
      break;
    case "s":
    case "o":
      writeString(out, code, value);
      break;
    case "g":
      if (typeof value !== "string") throw mismatch(value, code);
      parseSignature(value);
      putInteger(out, 1, value.length);
      putText(out, value);
      break;
    case "d":
      if (typeof value !== "number") throw mismatch(value, code);
      room(out, 8).setFloat64(out.length, value, true);
      out.length += 8;
      break;
    case "x":
    case "t":
      writeLong(out, code, value);
      break;
    default:
      writeInteger(out, code, value);
  }
}

function writeInteger(out: Output, code: keyof typeof RANGES, value: Value | undefined): void {
  const [least, most] = RANGES[code];
  if (!Number.isInteger(value) || (value as number) < least || (value as number) > most) {
    throw mismatch(value, code);
  }
  putInteger(out, ALIGNMENT[code], value as number);
}

function writeLong(out: Output, code: "x" | "t", value: Value | undefined): void {
  if (typeof value !== "bigint") throw mismatch(value, code);
  const held = code === "t" ? BigInt.asUintN(64, value) : BigInt.asIntN(64, value);
  if (held !== value) throw mismatch(value, code);
  room(out, 8).setBigUint64(out.length, BigInt.asUintN(64, value), true);
  out.length += 8;
}

const OBJECT_PATH = /^\/$|^(\/[A-Za-z0-9_]+)+$/;

function writeString(out: Output, code: "s" | "o", value: Value | undefined): void {
  // The bus hangs up on whoever sends it a string that is none.
  const good = typeof value === "string" && !value.includes("\0") && isUtf8(value);
  if (!good || (code === "o" && !OBJECT_PATH.test(value))) throw mismatch(value, code);
  putInteger(out, 4, value.length);
  putText(out, value);
}

function writeVariant(out: Output, value: Value | undefined): void {
  if (!isVariant(value)) throw mismatch(value, "v");
  writeBasic(out, "g", value.signature);
  write(out, parseSingleType(value.signature), value.value);
}

export function isVariant(value: Value | undefined): value is Variant {
  return typeof value === "object" && !Array.isArray(value) && !(value instanceof Uint8Array);
}

function writeArray(out: Output, element: Type, value: Value | undefined): void {
  const isBytes = value instanceof Uint8Array;
  if (isBytes ? element.code !== "y" : !Array.isArray(value)) throw mismatch(value, `a${element.code}`);
  const lengthAt = out.length;
  putInteger(out, 4, 0);
  // The padding before the first element is there without elements too, and is not counted.
  align(out, ALIGNMENT[element.code]);
  const start = out.length;
  for (const item of value as readonly Value[] | Uint8Array) write(out, element, item);
  if (out.length - start > MAX_ARRAY) throw new RuntError({ what: "an array is too long for D-Bus" });
  out.view.setUint32(lengthAt, out.length - start, true);
}

function writeFields(out: Output, fields: readonly Type[], value: Value | undefined): void {
  if (!Array.isArray(value) || value.length !== fields.length) throw mismatch(value, "(");
  fields.forEach((type, index) => {
    write(out, type, value[index]);
  });
}

function align(out: Output, alignment: number): void {
  const padding = -out.length & (alignment - 1);
  room(out, padding);
  // A buffer is zero where nothing has been written.
  out.length += padding;
}

/** Whole numbers of up to 32 bits, signed or not: the same bits. */
function putInteger(out: Output, size: number, value: number): void {
  const view = room(out, size);
  if (size === 1) view.setUint8(out.length, value);
  else if (size === 2) view.setUint16(out.length, value, true);
  else view.setUint32(out.length, value, true);
  out.length += size;
}

/** Terminated by NUL, which is not part of a length. */
function putText(out: Output, text: string): void {
  room(out, text.length + 1);
  for (let at = 0; at < text.length; at++) out.bytes[out.length + at] = text.charCodeAt(at);
  out.length += text.length + 1;
}

function room(out: Output, size: number): DataView {
  if (out.length + size > out.bytes.length) {
    const larger = new Uint8Array(Math.max(out.bytes.length * 2, out.length + size));
    larger.set(out.bytes);
    out.bytes = larger;
    out.view = new DataView(larger.buffer);
  }
  return out.view;
}

function mismatch(value: Value | undefined, signature: string): RuntError {
  const found = typeof value === "object" ? "another structure" : String(value).slice(0, 64);
  return new RuntError({
    what: `D-Bus type ${JSON.stringify(signature)} cannot hold ${JSON.stringify(found)}`,
  });
}
