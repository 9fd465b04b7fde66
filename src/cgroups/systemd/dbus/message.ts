// Messages of D-Bus (D-Bus specification, "Message Protocol"): method calls that we send, and what comes back. Bodies
// are decoded when somebody wants them, since most messages of a busy connection concern nobody here.

import { isVariant, marshal } from "./marshal.ts";
import { broken, unmarshal, unmarshalPart } from "./unmarshal.ts";
import { type Value, variant } from "./value.ts";

/** What we read of one message at most, in bytes. The protocol allows 128 MiB; answers to us are below 1 kB. */
const MAX_MESSAGE = 1 << 20;
/** Up to the array of header fields, whose length is the last of these bytes. */
export const PREFIX = 16;
const LITTLE_ENDIAN = 0x6c;
const VERSION = 1;

export const METHOD_CALL = 1;
export const METHOD_RETURN = 2;
export const ERROR = 3;
export const SIGNAL = 4;

const FIELDS = {
  path: [1, "o"],
  interface: [2, "s"],
  member: [3, "s"],
  errorName: [4, "s"],
  replySerial: [5, "u"],
  destination: [6, "s"],
  sender: [7, "s"],
  signature: [8, "g"],
} as const;

type FieldName = keyof typeof FIELDS;

export interface MethodCall {
  /** Absent on a connection without a bus. */
  readonly destination?: string;
  readonly path: string;
  readonly interface: string;
  readonly member: string;
  readonly signature?: string;
  readonly values?: readonly Value[];
}

export interface Message {
  readonly type: number;
  readonly path?: string;
  readonly interface?: string;
  readonly member?: string;
  readonly errorName?: string;
  readonly replySerial?: number;
  readonly sender?: string;
  readonly signature: string;
  readonly body: Uint8Array;
}

/** @param serial of the connection, not 0 */
export function encodeMethodCall(call: MethodCall, serial: number): Uint8Array {
  const { signature = "", values = [] } = call;
  const body = marshal(signature, values);
  const fields: Partial<Record<FieldName, string>> = {
    path: call.path,
    interface: call.interface,
    member: call.member,
    ...(call.destination !== undefined && { destination: call.destination }),
    ...(signature !== "" && { signature }),
  };
  const list = Object.entries(fields).map(([name, value]) => {
    const [code, type] = FIELDS[name as FieldName];
    return [code, variant(type, value)];
  });
  const header = marshal("yyyyuua(yv)", [LITTLE_ENDIAN, METHOD_CALL, 0, VERSION, body.length, serial, list]);
  const bytes = new Uint8Array(padded(header.length) + body.length);
  bytes.set(header);
  bytes.set(body, padded(header.length));
  return bytes;
}

/**
 * Length of the message that begins with these bytes; undefined if they are too few to tell.
 * @throws RuntError if it is no message, or one that is too long
 */
export function messageLength(bytes: Uint8Array): number | undefined {
  if (bytes.length < PREFIX) return undefined;
  if (bytes[0] !== LITTLE_ENDIAN) throw broken("it is not little endian");
  if (bytes[3] !== VERSION) throw broken(`its version is ${bytes[3]}`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, PREFIX);
  const length = padded(PREFIX + view.getUint32(12, true)) + view.getUint32(4, true);
  if (length > MAX_MESSAGE) throw broken(`it has ${length} bytes, more than ${MAX_MESSAGE}`);
  return length;
}

/** @param bytes exactly one message */
export function decodeMessage(bytes: Uint8Array): Message {
  const { values, length } = unmarshalPart("yyyyuua(yv)", bytes);
  const [, type, , , bodyLength, serial, list] = values;
  if (type === 0 || serial === 0) throw broken("its header is not valid");
  const body = bytes.slice(padded(length));
  if (body.length !== bodyLength) throw broken("its length is not that of its parts");
  const fields = decodeFields(list as readonly (readonly [number, Value])[]);
  return { ...fields, type: type as number, signature: fields.signature ?? "", body };
}

/** Fields that we do not know are to be ignored, says the specification. */
function decodeFields(list: readonly (readonly [number, Value])[]): Partial<Message> {
  const found: Record<string, unknown> = {};
  for (const [code, field] of list) {
    const known = Object.entries(FIELDS).find(([, [number]]) => number === code);
    if (known === undefined || !isVariant(field)) continue;
    const [name, [, signature]] = known;
    if (field.signature !== signature) throw broken(`its header field ${name} has another type`);
    found[name] = field.value;
  }
  return found;
}

/** @throws RuntError if the body has other types than these */
export function readBody({ signature, body }: Message, expected: string): readonly Value[] {
  if (signature !== expected) throw broken(`its types are ${JSON.stringify(signature)}, not "${expected}"`);
  return unmarshal(signature, body);
}

function padded(length: number): number {
  return length + (-length & 7);
}
