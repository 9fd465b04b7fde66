// The instruction set of the stage. A program is a flat list of these; native/stage/src/program.rs runs them.

import type { SyscallName } from "../abi/syscalls.ts";

/** A 64-bit cell. Register 0 is the descriptor to which the stage reports a failure. */
export interface Register {
  readonly kind: "register";
  readonly index: number;
  readonly name: string;
}

/** The address of a register, for calls that read or write one. */
export interface RegisterAddress {
  readonly kind: "address";
  readonly register: Register;
}

/** A place in the program's data. Its address is known only when the stage has mapped it. */
export interface Data {
  readonly kind: "data";
  readonly content: string | Uint8Array;
  /** How the listing shows it: a C string, or the name of the structure. */
  readonly type: string;
  /** Pointers inside `content`: at this offset stands the address of that data. */
  readonly pointers: readonly { readonly at: number; readonly to: Data }[];
}

/** An address inside data: of a field that a call reads or writes. */
export interface Field {
  readonly kind: "field";
  readonly of: Data;
  readonly offset: number;
}

/** A descriptor that the stage inherits from its parent, by name; its number is known when the program is encoded. */
export interface Inherited {
  readonly kind: "inherited";
  readonly name: string;
}

/** A byte string stands for its NUL-terminated data, null for the null pointer. */
export type Operand = number | bigint | string | null | Register | RegisterAddress | Data | Field | Inherited;

/** A place in the program; where it is becomes known when it is placed. */
export interface Label {
  index: number;
}

/** What happens when a call gives this errno; without a branch for it the program fails. */
export interface Branch {
  readonly errno: number | "any";
  readonly to: Label | "next";
}

/** RFC 6901 pointer into config.json of the field that an instruction comes from; empty: needed by all. */
type Origin = { readonly pointer: string };

export interface Call extends Origin {
  readonly op: "call";
  readonly name: SyscallName;
  readonly args: readonly Operand[];
  readonly into: Register | undefined;
  readonly on: readonly Branch[];
}

export interface SetRegister extends Origin {
  readonly op: "set";
  readonly into: Register;
  readonly value: Operand;
}

/** Reads `width` bytes and keeps the bits of `mask`. */
export interface Peek extends Origin {
  readonly op: "peek";
  readonly into: Register;
  readonly address: Operand;
  readonly width: 1 | 2 | 4 | 8;
  readonly mask: number | bigint;
}

export interface Poke extends Origin {
  readonly op: "poke";
  readonly address: Operand;
  readonly value: Operand;
  readonly width: 1 | 2 | 4 | 8;
}

export interface Jump extends Origin {
  readonly op: "jump";
  readonly when: "always" | { readonly left: Register; readonly is: "==" | "!="; readonly right: Operand };
  readonly to: Label;
}

/** Ends the program as if a call had failed with `errno`. `why` is for the error message. */
export interface Fail extends Origin {
  readonly op: "fail";
  readonly errno: number;
  readonly why: string;
}

export interface Exit extends Origin {
  readonly op: "exit";
  readonly code: number;
}

export type Instruction = Call | SetRegister | Peek | Poke | Jump | Fail | Exit;

/**
 * An instruction as the builder writes it and the host reads it: an array costs the engine a quarter of an object.
 * What it means is what the interface of the same name says.
 */
export type Code =
  | readonly [
      op: "call",
      pointer: string,
      name: SyscallName,
      args: readonly Operand[],
      into: Register | undefined,
      on: readonly Branch[],
    ]
  | readonly [op: "set", pointer: string, into: Register, value: Operand]
  | readonly [
      op: "peek",
      pointer: string,
      into: Register,
      address: Operand,
      width: Peek["width"],
      mask: Peek["mask"],
    ]
  | readonly [op: "poke", pointer: string, address: Operand, value: Operand, width: Poke["width"]]
  | readonly [op: "jump", pointer: string, to: Label]
  | readonly [op: "jump", pointer: string, to: Label, left: Register, is: "==" | "!=", right: Operand]
  | readonly [op: "fail", pointer: string, errno: number, why: string]
  | readonly [op: "exit", pointer: string, code: number];

/** By what a part is found, beside its subject: all that its instructions depend on. */
export interface PartKey {
  readonly name: string;
  readonly detail: string;
  /** Number of registers in use before it. */
  readonly inUse: number;
  /** Indices of those that it is given. */
  readonly registers: readonly number[];
}

/** Code that was assembled before: its targets and pointers are relative to where it is included. */
export interface Part extends PartKey {
  /** Number of instructions. */
  readonly length: number;
  /** What the host has made of the code. */
  readonly image: Uint8Array;
  /** What the compiler of the part has returned. */
  readonly result: unknown;
}

/** `code` compiles it once more, for whoever wants to read it. */
export type Include = readonly [op: "part", pointer: string, part: Part, code: () => readonly Code[]];

export interface Program {
  readonly code: readonly (Code | Include)[];
  /** The same without parts. */
  readonly flat: readonly Code[];
  /** The same, to be read. */
  readonly instructions: readonly Instruction[];
}

export function programOf(code: readonly (Code | Include)[]): Program {
  return {
    code,
    get flat() {
      return flatten(code);
    },
    get instructions() {
      return flatten(code).map(read);
    },
  };
}

/** Number of instructions, which nobody has to look at for that. */
export function lengthOf({ code }: Program): number {
  return code.reduce((sum, one) => sum + (one[0] === "part" ? one[2].length : 1), 0);
}

function flatten(code: readonly (Code | Include)[]): readonly Code[] {
  const flat: Code[] = [];
  for (const one of code) {
    if (one[0] !== "part") flat.push(one);
    else flat.push(...relocate(one[3](), flat.length, one[1]));
  }
  return flat;
}

/** Moves targets by a number of instructions, and puts `pointer` before all pointers. */
function relocate(code: readonly Code[], by: number, pointer: string): readonly Code[] {
  const labels = new Map<Label, Label>();
  const moved = (label: Label): Label => {
    const known = labels.get(label) ?? { index: label.index + by };
    labels.set(label, known);
    return known;
  };
  return code.map((one): Code => {
    if (one[0] === "jump") {
      const [op, relative, to, ...condition] = one;
      return [op, pointer + relative, moved(to), ...condition] as Code;
    }
    const [op, relative, ...rest] = one;
    if (op !== "call") return [op, pointer + relative, ...rest] as unknown as Code;
    const [, , name, args, into, on] = one;
    const branches = on.map(({ errno, to }) => ({ errno, to: to === "next" ? to : moved(to) }));
    return [op, pointer + relative, name, args, into, branches];
  });
}

function read(code: Code): Instruction {
  const [op, pointer] = code;
  switch (op) {
    case "call":
      return { op, pointer, name: code[2], args: code[3], into: code[4], on: code[5] };
    case "set":
      return { op, pointer, into: code[2], value: code[3] };
    case "peek":
      return { op, pointer, into: code[2], address: code[3], width: code[4], mask: code[5] };
    case "poke":
      return { op, pointer, address: code[2], value: code[3], width: code[4] };
    case "jump":
      if (code.length === 3) return { op, pointer, to: code[2], when: "always" };
      return { op, pointer, to: code[2], when: { left: code[3], is: code[4], right: code[5] } };
    case "fail":
      return { op, pointer, errno: code[2], why: code[3] };
    case "exit":
      return { op, pointer, code: code[2] };
  }
}

/** Number of registers, native/stage/src/program.rs. */
export const REGISTERS = 32;
