// runt help and --help: the texts that the build has made of src/cli/help.ts.

import { print } from "../environment.ts";
import type { Invocation } from "../options.ts";
import { isCommand, unknownCommand } from "../parse.ts";

declare const RUNT_HELP: Readonly<Record<string, string>>;

export function help({ operands: { command = "" } }: Invocation<"help">): number {
  if (command !== "" && !isCommand(command)) unknownCommand(command);
  print(RUNT_HELP[command] ?? "");
  return 0;
}
