// runt state: what a container is now, as JSON on standard output.

import { containerState } from "../../container/state.ts";
import { print } from "../environment.ts";
import type { Invocation } from "../options.ts";
import type { Session } from "../session.ts";
import { formatState } from "../state_format.ts";

export function state({ operands }: Invocation<"state">, { store }: Session): number {
  print(formatState(containerState(store(), operands["container-id"])));
  return 0;
}
