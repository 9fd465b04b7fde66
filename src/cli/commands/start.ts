// runt start: the program of a created container runs.

import { startContainer } from "../../container/start.ts";
import type { Invocation } from "../options.ts";
import type { Session } from "../session.ts";

export function start({ operands }: Invocation<"start">, { store }: Session): number {
  startContainer(store(), operands["container-id"]);
  return 0;
}
