// runt list: all containers below --root.

import { listContainers } from "../../container/state.ts";
import { print } from "../environment.ts";
import type { Invocation } from "../options.ts";
import type { Session } from "../session.ts";
import { formatIds, formatJsonList, formatTable } from "../state_format.ts";

export function list({ options }: Invocation<"list">, { store }: Session): number {
  const containers = listContainers(store());
  const table = options.format === "table" ? formatTable : formatJsonList;
  print((options.quiet ? formatIds : table)(containers));
  return 0;
}
