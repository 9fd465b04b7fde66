// As much of Protocol Buffers as CRIU's requests and answers need: varints, and fields with a length. A message is a
// byte string, so that one in another is a value like any text.

/** What a field holds; an array is a field that is there several times. */
export type Value = boolean | number | string | readonly string[];

const VARINT = 0;
const FIXED64 = 1;
const LENGTH = 2;
const FIXED32 = 5;
/** Numbers are 32 bits wide here: what is above counts for their end only. */
const WORD = 2 ** 32;

/** By the numbers of the fields. What is undefined is absent. */
export function encodeMessage(
  numbers: Readonly<Record<string, number>>,
  values: Readonly<Record<string, Value | undefined>>,
): string {
  return Object.keys(values)
    .map((name) => encodeField(numbers[name] as number, values[name]))
    .join("");
}

function encodeField(number: number, value: Value | undefined): string {
  if (value === undefined) return "";
  if (typeof value === "number" || typeof value === "boolean") {
    return encodeVarint(number * 8 + VARINT) + encodeVarint(Number(value));
  }
  const texts = typeof value === "string" ? [value] : value;
  const tag = encodeVarint(number * 8 + LENGTH);
  return texts.map((text) => tag + encodeVarint(text.length) + text).join("");
}

/** Not negative. */
function encodeVarint(value: number): string {
  let rest = value;
  let out = "";
  while (rest >= 0x80) {
    out += String.fromCharCode((rest % 0x80) | 0x80);
    rest = Math.floor(rest / 0x80);
  }
  return out + String.fromCharCode(rest);
}

/** The last value of each field, by its number; what has a length is a byte string. */
export type Decoded = ReadonlyMap<number, number | string>;

/** @returns undefined for what is no message */
export function decodeMessage(bytes: string): Decoded | undefined {
  const fields = new Map<number, number | string>();
  let at = 0;
  const varint = (): number => {
    let value = 0;
    for (let scale = 1; at < bytes.length; scale *= 0x80) {
      const byte = bytes.charCodeAt(at++);
      value = (value + (byte & 0x7f) * (scale % WORD)) % WORD;
      if (byte < 0x80) return value;
    }
    return Number.NaN;
  };
  while (at < bytes.length) {
    const tag = varint();
    const number = Math.floor(tag / 8);
    switch (tag % 8) {
      case VARINT:
        fields.set(number, varint());
        break;
      case LENGTH: {
        const length = varint();
        fields.set(number, bytes.slice(at, at + length));
        at += length;
        break;
      }
      case FIXED64:
        at += 8;
        break;
      case FIXED32:
        at += 4;
        break;
      default:
        return undefined;
    }
    if (!(at <= bytes.length)) return undefined;
  }
  return [...fields.values()].some(Number.isNaN) ? undefined : fields;
}
