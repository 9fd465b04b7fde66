// A program as the bytes that the stage maps; native/stage/src/program.rs is the other side of this page.

import { setLong } from "../abi/structs.ts";
import { SYS } from "../abi/syscalls.ts";
import {
  type Branch,
  type Data,
  type Inherited,
  type Instruction,
  type Operand,
  type Program,
  REGISTERS,
} from "./instruction.ts";

const MAGIC = 0x746e7572;
const VERSION = 1;
const HEADER = 24;
const INSTRUCTION = 80;
const RELOCATION = 16;
const OPERATION = { call: 0, set: 1, peek: 2, poke: 3, jump: 4, fail: 5, exit: 6 } as const;
const KIND = { constant: 0, data: 1, register: 2, address: 3 } as const;
const NO_REGISTER = 0xff;
const ANY_ERRNO = 0xffff;
const NEXT = 0xffff;
const MAX_BRANCHES = 6;

/** Writes the bytes of a byte string and returns their number: the host's `encode`, or a loop in tests. */
export type WriteString = (into: Uint8Array, offset: number, text: string) => number;

/** Where data is in the program, or the number of an inherited descriptor. */
type Address = (operand: Data | string | Inherited) => number;

interface Row {
  readonly operation: number;
  readonly register: number;
  readonly number: number;
  readonly args: readonly Operand[];
  readonly on: readonly Branch[];
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
  const rows = program.instructions.map(row);
  const placed = placeData(rows);
  const code = HEADER + REGISTERS * 8;
  const relocations = code + rows.length * INSTRUCTION;
  const start = relocations + placed.pointers.length * RELOCATION;
  const size = start + placed.size;
  const bytes = new Uint8Array(size);
  const view = new DataView(bytes.buffer);
  [MAGIC, VERSION, rows.length, size, placed.pointers.length].forEach((word, index) => {
    view.setUint32(index * 4, word, true);
  });
  const address: Address = (operand) => {
    if (typeof operand === "string" || operand.kind === "data")
      return start + (placed.offsets.get(operand) ?? 0);
    const value = descriptors[operand.name];
    if (value === undefined) throw new Error(`no descriptor for ${operand.name}`);
    return value;
  };
  rows.forEach((each, index) => {
    encodeRow(view, code + index * INSTRUCTION, each, address);
  });
  placed.pointers.forEach(({ from, at, to }, index) => {
    setLong(view, relocations + index * RELOCATION, address(from) + at);
    setLong(view, relocations + index * RELOCATION + 8, address(to));
  });
  for (const [data, offset] of placed.offsets) {
    const content = typeof data === "string" ? data : data.content;
    if (typeof content === "string") write(bytes, start + offset, content);
    else bytes.set(content, start + offset);
  }
  return bytes;
}

function row(instruction: Instruction): Row {
  const operation = OPERATION[instruction.op];
  const none = { operation, register: NO_REGISTER, number: 0, on: [] };
  switch (instruction.op) {
    case "call": {
      const { name, args, into, on } = instruction;
      return { operation, register: into?.index ?? NO_REGISTER, number: SYS[name], args, on };
    }
    case "set":
      return { ...none, register: instruction.into.index, args: [instruction.value] };
    case "peek": {
      const { into, address, width, mask } = instruction;
      return { ...none, register: into.index, args: [address, width, mask] };
    }
    case "poke":
      return { ...none, args: [instruction.address, instruction.value, instruction.width] };
    case "jump": {
      const { when, to } = instruction;
      const on = [{ errno: 0, to }];
      if (when === "always") return { ...none, register: 0, args: [], on };
      return { ...none, register: when.is === "==" ? 1 : 2, args: [when.left, when.right], on };
    }
    case "fail":
      return { ...none, args: [instruction.errno] };
    case "exit":
      return { ...none, args: [instruction.code] };
  }
}

/** Every string once, every structure where it is used: a buffer that is written to must not be shared. */
function placeData(rows: readonly Row[]) {
  const offsets = new Map<Data | string, number>();
  const pointers: { readonly from: Data; readonly at: number; readonly to: Data }[] = [];
  let size = 0;
  const place = (data: Data | string): void => {
    if (offsets.has(data)) return;
    const content = typeof data === "string" ? data : data.content;
    offsets.set(data, size);
    size += (content.length + 8) & ~7;
    if (typeof data === "string") return;
    for (const { at, to } of data.pointers) {
      place(to);
      pointers.push({ from: data, at, to });
    }
  };
  for (const { args } of rows) {
    for (const operand of args) {
      if (typeof operand === "string") place(operand);
      else if (operand === null || typeof operand !== "object") continue;
      else if (operand.kind === "data") place(operand);
      else if (operand.kind === "field") place(operand.of);
    }
  }
  return { offsets, pointers, size };
}

function encodeRow(view: DataView, at: number, row: Row, address: Address): void {
  if (row.args.length > 6 || row.on.length > MAX_BRANCHES) throw new Error("an instruction is too long");
  let kinds = 0;
  row.args.forEach((operand, index) => {
    const [kind, value] = encodeOperand(operand, address);
    kinds |= kind << (2 * index);
    setLong(view, at + 8 + index * 8, value);
  });
  view.setUint8(at, row.operation);
  view.setUint8(at + 1, row.register);
  view.setUint8(at + 2, row.on.length);
  view.setUint16(at + 4, row.number, true);
  view.setUint16(at + 6, kinds, true);
  row.on.forEach(({ errno, to }, index) => {
    view.setUint16(at + 56 + index * 4, errno === "any" ? ANY_ERRNO : errno, true);
    view.setUint16(at + 58 + index * 4, to === "next" ? NEXT : to.index, true);
  });
}

function encodeOperand(operand: Operand, address: Address): readonly [number, number | bigint] {
  if (operand === null) return [KIND.constant, 0];
  if (typeof operand === "number" || typeof operand === "bigint") return [KIND.constant, operand];
  if (typeof operand === "string") return [KIND.data, address(operand)];
  switch (operand.kind) {
    case "data":
      return [KIND.data, address(operand)];
    case "field":
      return [KIND.data, address(operand.of) + operand.offset];
    case "inherited":
      return [KIND.constant, address(operand)];
    case "register":
      return [KIND.register, operand.index];
    case "address":
      return [KIND.address, operand.register.index];
  }
}
