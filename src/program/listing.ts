// A program as text: one line for each instruction, and the field of config.json that it comes from.

import { errnoName } from "../abi/errno.ts";
import { quote } from "../quote.ts";
import { formatArguments } from "./arguments.ts";
import type { Branch, Instruction, Label, Program } from "./instruction.ts";
import { formatOperand } from "./operand.ts";

/** Where the field of config.json begins: behind nearly every instruction. */
const COLUMN = 110;

/** The listing that `runt explain` prints and the golden tests hold. */
export function formatProgram(program: Program): string {
  const width = String(program.instructions.length).length;
  return program.instructions
    .map((instruction, index) => {
      const left = `${String(index).padStart(width)}  ${formatInstruction(instruction)}`;
      return instruction.pointer === "" ? left : `${left.padEnd(COLUMN)}  ${instruction.pointer}`;
    })
    .map((line) => `${line}\n`)
    .join("");
}

export function formatInstruction(instruction: Instruction): string {
  switch (instruction.op) {
    case "call": {
      const { name, args, into, on } = instruction;
      const result = into === undefined ? "" : `${into.name} = `;
      return `${result}${name}(${formatArguments(name, args)})${formatBranches(on)}`;
    }
    case "set":
      return `${instruction.into.name} = ${formatOperand(instruction.value)}`;
    case "peek": {
      const { into, address, width, mask } = instruction;
      const masked = mask === -1 ? "" : ` & 0${mask.toString(8)}`;
      return `${into.name} = u${width * 8} at ${formatOperand(address)}${masked}`;
    }
    case "poke": {
      const { address, value, width } = instruction;
      return `u${width * 8} at ${formatOperand(address)} = ${formatOperand(value)}`;
    }
    case "jump": {
      const { when, to } = instruction;
      if (when === "always") return `goto ${to.index}`;
      return `if ${when.left.name} ${when.is} ${formatOperand(when.right)} goto ${to.index}`;
    }
    case "fail":
      return `fail ${errnoName(instruction.errno)} ${quote(instruction.why)}`;
    case "exit":
      return `exit ${instruction.code}`;
  }
}

/** `ENOENT: goto 7`, `EEXIST: ok`, with errnos that have the same target together. */
function formatBranches(branches: readonly Branch[]): string {
  const groups = new Map<Label | "next", string[]>();
  for (const { errno, to } of branches) {
    const names = groups.get(to) ?? [];
    names.push(errno === "any" ? "any errno" : errnoName(errno));
    groups.set(to, names);
  }
  return [...groups]
    .map(([to, names]) => `  ${names.join("|")}: ${to === "next" ? "ok" : `goto ${to.index}`}`)
    .join("");
}
