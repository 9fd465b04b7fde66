// What shall go wrong, from the environment: RUNT_FAULT=fail:N, exit:N or kill:POINT; count:- says how
// many instructions there are.

import { attempt } from "../../../src/kernel/call.ts";
import { readVariable } from "../../../src/kernel/environment.ts";

const SIGKILL = 9;

export interface Fault {
  readonly kind: string;
  readonly at: string;
}

export function plannedFault(): Fault | undefined {
  const [kind, at] = readVariable("RUNT_FAULT")?.split(":") ?? [];
  return kind === undefined || at === undefined ? undefined : { kind, at };
}

/** The runtime ends here, as by the OOM killer, if that is the plan. */
export function killPoint(name: string): void {
  const fault = plannedFault();
  if (fault?.kind === "kill" && fault.at === name) attempt("kill", attempt("getpid"), SIGKILL);
}
