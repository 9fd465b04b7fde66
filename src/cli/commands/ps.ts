// runt ps: the processes of a container, as the host sees them.

import { containerPids, processTable } from "../../container/processes.ts";
import { readVariable } from "../../kernel/environment.ts";
import { print } from "../environment.ts";
import type { Invocation } from "../options.ts";
import type { Session } from "../session.ts";

export function ps({ options, operands }: Invocation<"ps">, { store }: Session): number {
  const pids = containerPids(store(), operands["container-id"]);
  if (options.format === "json") {
    // What Go makes of an empty slice.
    print(`${pids.length === 0 ? "null" : JSON.stringify(pids)}\n`);
  } else {
    const given = operands["ps-option"];
    print(processTable(pids, given.length === 0 ? ["-ef"] : given, readVariable("PATH")));
  }
  return 0;
}
