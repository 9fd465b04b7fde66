// A program as the bytes that the stage maps; native/stage/src/program.rs is the other side of this page. Every
// command that starts a process goes through here, for hundreds of instructions: rows are written as words, once.

import { setLong } from "../abi/structs.ts";
import { SYS } from "../abi/syscalls.ts";
import {
  type Branch,
  type Data,
  type Instruction,
  type Operand,
  type Program,
  REGISTERS,
} from "./instruction.ts";

const MAGIC = 0x746e7572;
const VERSION = 2;
const HEADER = 24;
/** Where data begins: behind the header and the registers. */
const DATA = HEADER + REGISTERS * 8;
/** Size of an instruction in words, and where its parts are. */
const ROW = { size: 20, arguments: 2, branches: 14 } as const;
const RELOCATION = 16;
const OPERATION = { call: 0, set: 1, peek: 2, poke: 3, jump: 4, fail: 5, exit: 6 } as const;
const KIND = { constant: 0, data: 1, register: 2, address: 3 } as const;
const NO_REGISTER = 0xff;
const ANY_ERRNO = 0xffff;
const NEXT = 0xffff;
const MAX_BRANCHES = 6;
const MAX_ARGUMENTS = 6;
const NOTHING: readonly never[] = [];

/** Writes the bytes of a byte string and returns their number: the host's `encode`, or a loop in tests. */
export type WriteString = (into: Uint8Array, offset: number, text: string) => number;

/** What has been put in so far, and where. */
interface Encoding {
  readonly rows: Uint32Array;
  readonly descriptors: Readonly<Record<string, number>>;
  /** Where data is in the program. Strings once each, structures where they are used: they may be written to. */
  readonly places: Map<Data | string, number>;
  readonly relocations: { readonly at: number; readonly to: number }[];
  /** Where the next data goes. */
  end: number;
}

/**
 * @param descriptors the number of every inherited descriptor, by name
 * @throws Error where a descriptor is missing or an instruction does not fit its row
 */
export function encode(
  program: Program,
  descriptors: Readonly<Record<string, number>>,
  write: WriteString,
): Uint8Array {
  const { instructions } = program;
  const rows = new Uint32Array(instructions.length * ROW.size);
  const encoding: Encoding = { rows, descriptors, places: new Map(), relocations: [], end: DATA };
  instructions.forEach((instruction, index) => {
    encodeInstruction(encoding, index * ROW.size, instruction);
  });
  const { places, relocations, end } = encoding;
  const size = end + rows.byteLength + relocations.length * RELOCATION;
  const bytes = new Uint8Array(size);
  const header = [MAGIC, VERSION, instructions.length, size, relocations.length, end - DATA];
  new Uint32Array(bytes.buffer, 0, header.length).set(header);
  for (const [data, at] of places) {
    const content = typeof data === "string" ? data : data.content;
    if (typeof content === "string") write(bytes, at, content);
    else bytes.set(content, at);
  }
  bytes.set(new Uint8Array(rows.buffer), end);
  const view = new DataView(bytes.buffer);
  relocations.forEach(({ at, to }, index) => {
    setLong(view, end + rows.byteLength + index * RELOCATION, at);
    setLong(view, end + rows.byteLength + index * RELOCATION + 8, to);
  });
  return bytes;
}

function encodeInstruction(encoding: Encoding, row: number, instruction: Instruction): void {
  const operation = OPERATION[instruction.op];
  switch (instruction.op) {
    case "call": {
      const { name, args, into, on } = instruction;
      put(encoding, row, operation, into === undefined ? NO_REGISTER : into.index, SYS[name], args, on);
      break;
    }
    case "set":
      put(encoding, row, operation, instruction.into.index, 0, [instruction.value], NOTHING);
      break;
    case "peek": {
      const { into, address, width, mask } = instruction;
      put(encoding, row, operation, into.index, 0, [address, width, mask], NOTHING);
      break;
    }
    case "poke": {
      const { address, value, width } = instruction;
      put(encoding, row, operation, NO_REGISTER, 0, [address, value, width], NOTHING);
      break;
    }
    case "jump": {
      const { when, to } = instruction;
      const on = [{ errno: 0, to }];
      if (when === "always") put(encoding, row, operation, 0, 0, NOTHING, on);
      else put(encoding, row, operation, when.is === "==" ? 1 : 2, 0, [when.left, when.right], on);
      break;
    }
    case "fail":
      put(encoding, row, operation, NO_REGISTER, 0, [instruction.errno], NOTHING);
      break;
    case "exit":
      put(encoding, row, operation, NO_REGISTER, 0, [instruction.code], NOTHING);
      break;
  }
}

function put(
  encoding: Encoding,
  row: number,
  operation: number,
  register: number,
  number: number,
  args: readonly Operand[],
  on: readonly Branch[],
): void {
  const { rows } = encoding;
  if (args.length > MAX_ARGUMENTS || on.length > MAX_BRANCHES) throw new Error("an instruction is too long");
  let kinds = 0;
  for (let index = 0; index < args.length; index++) {
    const operand = args[index] as Operand;
    const at = row + ROW.arguments + index * 2;
    // Most arguments are small numbers.
    if (typeof operand === "number") {
      rows[at] = operand;
      if (operand < 0 || operand > 0xffffffff) rows[at + 1] = Math.floor(operand / 0x1_0000_0000);
    } else if (operand !== null) kinds |= putOperand(encoding, at, operand) << (2 * index);
  }
  rows[row] = operation | (register << 8) | (on.length << 16);
  rows[row + 1] = number | (kinds << 16);
  for (let index = 0; index < on.length; index++) {
    const { errno, to } = on[index] as Branch;
    const target = to === "next" ? NEXT : to.index;
    rows[row + ROW.branches + index] = (errno === "any" ? ANY_ERRNO : errno) | (target << 16);
  }
}

/** Returns the kind. */
function putOperand(encoding: Encoding, at: number, operand: Exclude<Operand, number | null>): number {
  const { rows } = encoding;
  if (typeof operand === "string") {
    rows[at] = place(encoding, operand);
    return KIND.data;
  }
  if (typeof operand === "bigint") {
    rows[at] = Number(BigInt.asUintN(32, operand));
    rows[at + 1] = Number(BigInt.asUintN(32, operand >> 32n));
    return KIND.constant;
  }
  switch (operand.kind) {
    case "data":
      rows[at] = place(encoding, operand);
      return KIND.data;
    case "field":
      rows[at] = place(encoding, operand.of) + operand.offset;
      return KIND.data;
    case "inherited": {
      const descriptor = encoding.descriptors[operand.name];
      if (descriptor === undefined) throw new Error(`no descriptor for ${operand.name}`);
      rows[at] = descriptor;
      return KIND.constant;
    }
    case "register":
      rows[at] = operand.index;
      return KIND.register;
    case "address":
      rows[at] = operand.register.index;
      return KIND.address;
  }
}

/** Where the data is; it is given a place when it is first seen. */
function place(encoding: Encoding, data: Data | string): number {
  const { places, relocations } = encoding;
  const known = places.get(data);
  if (known !== undefined) return known;
  const at = encoding.end;
  const isText = typeof data === "string";
  // Aligned, and at least one byte more than the content: the NUL of a string.
  encoding.end += ((isText ? data : data.content).length + 8) & ~7;
  places.set(data, at);
  if (!isText) {
    for (const { at: offset, to } of data.pointers)
      relocations.push({ at: at + offset, to: place(encoding, to) });
  }
  return at;
}
