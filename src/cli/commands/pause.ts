// runt pause and runt resume.

import { pauseContainer, resumeContainer } from "../../container/pause.ts";
import type { Invocation } from "../options.ts";
import type { Session } from "../session.ts";

export function pause({ operands }: Invocation<"pause">, { store }: Session): number {
  pauseContainer(store(), operands["container-id"]);
  return 0;
}

export function resume({ operands }: Invocation<"resume">, { store }: Session): number {
  resumeContainer(store(), operands["container-id"]);
  return 0;
}
