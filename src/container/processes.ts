// `ps`: the processes of a container, as ids, and as what ps(1) of the host says of them.

import { cgroupPids } from "../cgroups/pids.ts";
import { RuntError } from "../error.ts";
import { runCommand } from "./host_command.ts";
import { selectProcesses } from "./ps_table.ts";
import { requireCgroup } from "./record.ts";
import { requireRecord, type Store } from "./store.ts";

/** In its cgroup, and in those that it has made below; none if the container has stopped. */
export function containerPids(store: Store, id: string): readonly number[] {
  return cgroupPids(requireCgroup(requireRecord(store, id)));
}

/** @param searchPath $PATH, if it is set */
export function processTable(
  pids: readonly number[],
  psOptions: readonly string[],
  searchPath: string | undefined,
): string {
  const { status, output } = runCommand(["ps", ...psOptions], searchPath);
  if (status === 0) return selectProcesses(output, pids);
  throw new RuntError({
    what: `ps ${psOptions.join(" ")}: exit status ${status}: ${output.trim()}`,
    hint: "what follows the container's ID is for ps(1) of the host",
  });
}
