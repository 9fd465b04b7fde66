// Every way that a program can take, as far as descriptors in registers are concerned: a call succeeds, or gives one
// of the errnos that it has a branch for.

import { F_DUPFD_CLOEXEC, TIOCGPTPEER } from "../../src/abi/constants.ts";
import type { Call, Instruction, Program, Register } from "../../src/program/instruction.ts";

/** System calls that return a descriptor. */
const OPENS = ["openat", "openat2", "open_tree", "fsopen", "fsmount", "socket", "accept4"];

/** Calls whose second argument is a command that returns one. */
const OPENS_BY_COMMAND: Readonly<Record<string, number>> = { ioctl: TIOCGPTPEER, fcntl: F_DUPFD_CLOEXEC };

export interface Visit {
  readonly index: number;
  readonly instruction: Instruction;
  /** Registers that hold a descriptor when the instruction begins. */
  readonly open: ReadonlySet<number>;
}

export function opensDescriptor({ name, into, args }: Call): boolean {
  if (into === undefined) return false;
  return OPENS.includes(name) || (name in OPENS_BY_COMMAND && args[1] === OPENS_BY_COMMAND[name]);
}

/** Where clone(2) leaves the descriptor of the child. */
export function pidfdOf({ name, args }: Call): Register | undefined {
  const pidfd = name === "clone" ? args[2] : null;
  return typeof pidfd === "object" && pidfd?.kind === "address" ? pidfd.register : undefined;
}

/** Calls `visit` once for each instruction and each set of open descriptors with which it can be reached. */
export function walk({ instructions }: Program, visit: (visit: Visit) => void): void {
  const seen = new Set<string>();
  const todo: { readonly index: number; readonly open: ReadonlySet<number> }[] = [
    { index: 0, open: new Set() },
  ];
  for (let next = todo.pop(); next !== undefined; next = todo.pop()) {
    const { index, open } = next;
    const key = `${index} ${[...open].sort()}`;
    const instruction = instructions[index];
    if (seen.has(key)) continue;
    seen.add(key);
    if (instruction === undefined) throw new Error(`the program runs out of its end at ${index}`);
    visit({ index, instruction, open });
    todo.push(...successors(instruction, index, open));
  }
}

function successors(instruction: Instruction, index: number, open: ReadonlySet<number>) {
  switch (instruction.op) {
    case "fail":
    case "exit":
      return [];
    case "jump": {
      const to = { index: instruction.to.index, open };
      return instruction.when === "always" ? [to] : [to, { index: index + 1, open }];
    }
    case "peek": {
      const { address, into } = instruction;
      const of = typeof address === "object" && address?.kind === "field" ? address.of.type : "";
      return [{ index: index + 1, open: of === "descriptors" ? with_(open, into.index) : open }];
    }
    case "set": {
      const { into, value } = instruction;
      const inherits = typeof value === "object" && value?.kind === "inherited";
      return [{ index: index + 1, open: inherits ? with_(open, into.index) : open }];
    }
    case "call": {
      const failed = instruction.on.map(({ to }) => ({ index: to === "next" ? index + 1 : to.index, open }));
      // execve does not come back.
      if (instruction.name === "execve") return failed;
      return [{ index: index + 1, open: afterCall(instruction, open) }, ...failed];
    }
    default:
      return [{ index: index + 1, open }];
  }
}

function afterCall(call: Call, open: ReadonlySet<number>): ReadonlySet<number> {
  const [first] = call.args;
  if (call.name === "close" && typeof first === "object" && first?.kind === "register") {
    return new Set([...open].filter((register) => register !== first.index));
  }
  const pidfd = pidfdOf(call);
  if (pidfd !== undefined) return with_(open, pidfd.index);
  return call.into !== undefined && opensDescriptor(call) ? with_(open, call.into.index) : open;
}

function with_(open: ReadonlySet<number>, register: number): ReadonlySet<number> {
  return new Set([...open, register]);
}
