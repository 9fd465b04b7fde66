// What an instruction was doing, in a few words, for the error that names the field.

import type { Call, Instruction, Operand } from "../program/instruction.ts";

/** `openat2 "proc/sys"`: the call and what it was about. The listing of `runt explain` has all the rest. */
export function describeInstruction(instruction: Instruction): string {
  return instruction.op === "call" ? describeCall(instruction) : instruction.op;
}

function describeCall({ name, args }: Call): string {
  const subject = args.map(subjectOf).find((text) => text !== undefined && text !== "");
  return subject === undefined ? name : `${name} ${subject}`;
}

function subjectOf(operand: Operand): string | undefined {
  if (typeof operand === "string") return operand;
  if (operand === null || typeof operand !== "object") return undefined;
  return operand.kind === "data" && typeof operand.content === "string" ? operand.content : undefined;
}
