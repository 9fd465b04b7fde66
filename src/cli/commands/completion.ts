// runt completion: the script by which a shell completes runt's command line.

import { RuntError } from "../../error.ts";
import { COMPLETION } from "../completion.ts";
import { print } from "../environment.ts";
import type { Invocation } from "../options.ts";

export function completion({ operands: { shell } }: Invocation<"completion">): number {
  const script = COMPLETION.get(shell);
  if (script === undefined) {
    throw new RuntError({
      what: `no completion for ${JSON.stringify(shell)}`,
      hint: `there is one for ${[...COMPLETION.keys()].join(", ")}`,
    });
  }
  print(script);
  return 0;
}
