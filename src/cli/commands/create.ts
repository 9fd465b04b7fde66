// runt create: the container exists, and its program waits for `runt start`.

import { createContainer } from "../../container/create.ts";
import type { Invocation } from "../options.ts";
import { createRequest } from "../request.ts";
import type { Session } from "../session.ts";

export async function create(invocation: Invocation<"create">, session: Session): Promise<number> {
  await createContainer(await createRequest(invocation, session));
  return 0;
}
