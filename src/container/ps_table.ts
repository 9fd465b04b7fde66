// The table of ps(1), without the processes of others.

import { RuntError } from "../error.ts";

/** @throws RuntError if the columns that were asked for do not tell whose line it is */
export function selectProcesses(table: string, pids: readonly number[]): string {
  const [header = "", ...lines] = table.split("\n");
  const column = fields(header).indexOf("PID");
  if (column < 0) {
    throw new RuntError({
      what: "couldn't find PID field in ps output",
      hint: "let ps print the column pid as well",
    });
  }
  const wanted = new Set(pids.map(String));
  const kept = lines.filter((line) => wanted.has(fields(line)[column] ?? ""));
  return [header, ...kept].map((line) => `${line}\n`).join("");
}

function fields(line: string): readonly string[] {
  return line.split(/[ \t]+/).filter((field) => field !== "");
}
