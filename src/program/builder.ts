// Builds a program one step after the other, in words that read like the steps.

import type { SyscallName } from "../abi/syscalls.ts";
import {
  type Branch,
  type Code,
  type Data,
  type Field,
  type Include,
  type Inherited,
  type Label,
  type Operand,
  type Part,
  type PartKey,
  type Program,
  programOf,
  REGISTERS,
  type Register,
  type RegisterAddress,
} from "./instruction.ts";

export interface CallOptions {
  readonly into?: Register;
  readonly on?: readonly Branch[] | undefined;
}

export interface Builder {
  /** The instructions that follow come from this field of config.json. */
  from(pointer: string): void;
  /** A register for the use of `body` alone. */
  scratch<T>(name: string, body: (register: Register) => T): T;
  /** A register for the whole program. */
  register(name: string): Register;
  call(name: SyscallName, args: readonly Operand[], options?: CallOptions): void;
  set(into: Register, value: Operand): void;
  peek(into: Register, address: Operand, width: 1 | 2 | 4 | 8, mask?: number): void;
  poke(address: Operand, value: Operand, width: 1 | 2 | 4 | 8): void;
  jump(to: Label): void;
  jumpIf(left: Register, is: "==" | "!=", right: Operand, to: Label): void;
  fail(errno: number, why: string): void;
  exit(code: number): void;
  label(): Label;
  place(label: Label): void;
  /**
   * Instructions that many programs have in common. They may depend on nothing but `inputs` and the number of
   * registers in use, and branch only among themselves; pointers in them are relative to the one outside.
   */
  part<S extends Subject, T>(name: string, inputs: PartInputs<S>, compile: CompilePart<S, T>): T;
  program(): Program;
}

/** What a part is about. It is known by its identity: what the parser has interned is one object for all who ask. */
export type Subject = object | null;

/** All that a part depends on. */
export interface PartInputs<S extends Subject = Subject> {
  readonly subject: S;
  readonly detail: string;
  readonly registers: readonly Register[];
}

export type CompilePart<S extends Subject, T> = (b: Builder, inputs: PartInputs<S>) => T;

/** Where a builder finds parts, or leaves them. */
export interface Parts {
  readonly find: (name: string, inputs: PartInputs, inUse: number) => Part | undefined;
  /** Called for each part that is compiled, by a build that prepares them. */
  readonly add?: (subject: Subject, key: PartKey, code: readonly Code[], result: unknown) => void;
}

const NO_BRANCHES: readonly Branch[] = [];
const NO_PARTS: Parts = { find: () => undefined };

/** @throws Error where a program needs more registers than there are, or jumps to a label that has no place. */
export function programBuilder(parts: Parts = NO_PARTS): Builder {
  return builder(parts, 0);
}

/** A program whose first registers are in use already. */
function builder(parts: Parts, reserved: number): Builder {
  const code: (Code | Include)[] = [];
  const labels: Label[] = [];
  /** Registers are given back in the opposite order: those in use are the first ones. */
  let inUse = reserved;
  let pointer = "";
  /** Before the pointers of the part that is being compiled. */
  let base = "";
  /** Instructions in included parts, less one for each. */
  let included = 0;

  const register = (name: string): Register => {
    if (inUse === REGISTERS) throw new Error(`no register is left for ${name}`);
    return { kind: "register", index: inUse++, name };
  };

  const compileHere = <S extends Subject, T>(
    b: Builder,
    inputs: PartInputs<S>,
    compile: CompilePart<S, T>,
  ): T => {
    const outer = { base, pointer };
    base = pointer;
    const result = compile(b, inputs);
    ({ base, pointer } = outer);
    return result;
  };

  return {
    from(next) {
      pointer = base + next;
    },
    scratch(name, body) {
      const mine = register(name);
      const result = body(mine);
      inUse = mine.index;
      return result;
    },
    register,
    call(name, args, options) {
      code.push(["call", pointer, name, args, options?.into, options?.on ?? NO_BRANCHES]);
    },
    set(into, value) {
      code.push(["set", pointer, into, value]);
    },
    peek(into, address, width, mask = -1) {
      code.push(["peek", pointer, into, address, width, mask]);
    },
    poke(address, value, width) {
      code.push(["poke", pointer, address, value, width]);
    },
    jump(to) {
      code.push(["jump", pointer, to]);
    },
    jumpIf(left, is, right, to) {
      code.push(["jump", pointer, to, left, is, right]);
    },
    fail(errno, why) {
      code.push(["fail", pointer, errno, why]);
    },
    exit(status) {
      code.push(["exit", pointer, status]);
    },
    label() {
      const label = { index: -1 };
      labels.push(label);
      return label;
    },
    place(label) {
      label.index = code.length + included;
    },
    part(name, inputs, compile) {
      const found = parts.find(name, inputs, inUse);
      if (found !== undefined) {
        const before = inUse;
        const recompile = () => compileAlone(builder(NO_PARTS, before), inputs, compile).flat;
        code.push(["part", pointer, found, recompile]);
        included += found.length - 1;
        return found.result as ReturnType<typeof compile>;
      }
      if (parts.add !== undefined) {
        const { flat, result } = compileAlone(builder(parts, inUse), inputs, compile);
        const registers = inputs.registers.map(({ index }) => index);
        parts.add(inputs.subject, { name, detail: inputs.detail, inUse, registers }, flat, result);
      }
      return compileHere(this, inputs, compile);
    },
    program() {
      if (labels.some((label) => label.index < 0)) throw new Error("a label has no place in the program");
      return programOf(code);
    },
  };
}

/** In a builder of its own, as if there were no other instructions. */
function compileAlone<S extends Subject, T>(b: Builder, inputs: PartInputs<S>, compile: CompilePart<S, T>) {
  const result = compile(b, inputs);
  return { flat: b.program().flat, result };
}

export function addressOf(register: Register): RegisterAddress {
  return { kind: "address", register };
}

export function field(of: Data, offset: number): Field {
  return { kind: "field", of, offset };
}

export function inherited(name: string): Inherited {
  return { kind: "inherited", name };
}

/** Data of the program: a structure, or a buffer that calls write to. */
export function data(content: Uint8Array, type: string, pointers: Data["pointers"] = []): Data {
  return { kind: "data", content, type, pointers };
}

export function text(content: string): Data {
  return { kind: "data", content, type: "string", pointers: [] };
}

/** An array of pointers to strings that ends with a null pointer, for execve(2). */
export function pointerArray(items: readonly Data[]): Data {
  const pointers = items.map((to, index) => ({ at: index * 8, to }));
  return data(new Uint8Array((items.length + 1) * 8), "strings", pointers);
}

/** This errno is no failure: the program goes on. */
export function tolerate(...errnos: readonly (number | "any")[]): readonly Branch[] {
  return errnos.map((errno) => ({ errno, to: "next" }));
}

export function branch(errno: number | "any", to: Label): Branch {
  return { errno, to };
}
