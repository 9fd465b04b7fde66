// runt delete: nothing of the container is left.

import { deleteContainer } from "../../container/delete.ts";
import type { Invocation } from "../options.ts";
import type { Session } from "../session.ts";

export async function remove(
  { options, operands }: Invocation<"delete">,
  { store, warn }: Session,
): Promise<number> {
  await deleteContainer(store(), operands["container-id"], options.force, warn);
  return 0;
}
