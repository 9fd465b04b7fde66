// runt help and --help.

import { print } from "../environment.ts";
import { helpText } from "../help.ts";
import type { Invocation } from "../options.ts";

export async function help({ operands }: Invocation<"help">): Promise<number> {
  print(await helpText(operands.command));
  return 0;
}
