// runt start: the program of a created container runs.

import { startContainer } from "../../container/start.ts";
import { readVariable } from "../../kernel/environment.ts";
import type { Invocation } from "../options.ts";
import type { Session } from "../session.ts";

export async function start({ operands }: Invocation<"start">, { store, warn }: Session): Promise<number> {
  await startContainer(store(), operands["container-id"], warn, readVariable("NOTIFY_SOCKET"));
  return 0;
}
