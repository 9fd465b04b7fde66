// An operand as the listing shows it where nothing is known about its meaning; structures are shown by their fields.

import { STAT } from "../abi/structs.ts";
import { quote } from "../quote.ts";
import type { Field, Operand } from "./instruction.ts";
import { formatStructure } from "./structures.ts";

export function formatOperand(operand: Operand): string {
  if (operand === null) return "null";
  if (typeof operand === "string") return quote(operand);
  if (typeof operand !== "object") return String(operand);
  switch (operand.kind) {
    case "register":
    case "inherited":
      return operand.name;
    case "address":
      return `&${operand.register.name}`;
    case "field":
      return formatField(operand);
    case "data":
      return formatStructure(operand);
  }
}

/** `stat.mode`; `buffer+8` where the fields of a structure have no names here. */
function formatField({ of, offset }: Field): string {
  const name = of.type === "stat" && Object.entries(STAT).find(([, at]) => at === offset)?.[0];
  if (name) return `${of.type}.${name}`;
  return offset === 0 ? of.type : `${of.type}+${offset}`;
}
