// runt kill: a signal for the container's process, or for all of them.

import { killContainer } from "../../container/kill.ts";
import type { Invocation } from "../options.ts";
import type { Session } from "../session.ts";
import { parseSignal } from "../signal_names.ts";

export function kill({ options, operands }: Invocation<"kill">, { store }: Session): number {
  const signal = parseSignal(operands.signal ?? "SIGTERM");
  killContainer(store(), operands["container-id"], signal, options.all);
  return 0;
}
