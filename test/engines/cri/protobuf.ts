// Messages of protocol buffers by the names of their fields, for messages that come from ourselves or from an engine:
// numbers are below 2^53, and what is unknown is skipped.

import { MESSAGES } from "./schema.ts";

export type Message = { readonly [field: string]: unknown };

const VARINT = 0;
const BYTES = 2;

interface Field {
  readonly number: number;
  readonly type: string;
  readonly many: boolean;
}

function fieldsOf(message: string): Readonly<Record<string, string>> {
  const fields = MESSAGES[message];
  if (fields === undefined) throw new Error(`the schema has no ${message}`);
  return fields;
}

function fieldOf(text: string): Field {
  const [number = "", type = ""] = text.split(" ");
  return { number: Number(number), type: type.replace("*", ""), many: type.startsWith("*") };
}

export function encode(message: string, value: Message): Buffer {
  const fields = fieldsOf(message);
  const parts = Object.entries(value).flatMap(([name, item]) => {
    const text = fields[name];
    if (text === undefined) throw new Error(`${message} has no ${name}`);
    const { number, type, many } = fieldOf(text);
    return (many ? (item as unknown[]) : [item]).map((one) => encodeField(number, type, one));
  });
  return Buffer.concat(parts);
}

function encodeField(number: number, type: string, value: unknown): Buffer {
  if (type === "int" || type === "bool")
    return Buffer.concat([varint(number * 8 + VARINT), varint(Number(value))]);
  const bytes = type === "string" ? Buffer.from(String(value)) : encode(type, value as Message);
  return Buffer.concat([varint(number * 8 + BYTES), varint(bytes.length), bytes]);
}

function varint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = BigInt.asUintN(64, BigInt(value));
  for (; rest > 0x7fn; rest >>= 7n) bytes.push(Number(rest & 0x7fn) | 0x80);
  return Buffer.from([...bytes, Number(rest)]);
}

export function decode(message: string, bytes: Buffer): Message {
  const byNumber = new Map(
    Object.entries(fieldsOf(message)).map(([name, text]) => [
      fieldOf(text).number,
      { name, ...fieldOf(text) },
    ]),
  );
  const found: Record<string, unknown> = {};
  let at = 0;
  const next = () => {
    let value = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = bytes[at++];
      if (byte === undefined) throw new Error(`${message} ends too early`);
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return Number(BigInt.asIntN(64, value));
    }
  };
  while (at < bytes.length) {
    const tag = next();
    const field = byNumber.get(Math.floor(tag / 8));
    const number = tag % 8 === VARINT ? next() : 0;
    const length = tag % 8 === BYTES ? next() : 0;
    const content = bytes.subarray(at, at + length);
    at += length;
    if (field === undefined) continue;
    const value = decodeField(field.type, number, content);
    found[field.name] = field.many ? [...((found[field.name] as unknown[]) ?? []), value] : value;
  }
  return found;
}

function decodeField(type: string, number: number, content: Buffer): unknown {
  if (type === "int") return number;
  if (type === "bool") return number !== 0;
  return type === "string" ? content.toString() : decode(type, content);
}
