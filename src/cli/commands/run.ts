// runt run: create and start in one. Its exit code is that of the container's process.

import { runContainer } from "../../container/run.ts";
import type { Invocation } from "../options.ts";
import { createRequest } from "../request.ts";
import type { Session } from "../session.ts";

export async function run(invocation: Invocation<"run">, session: Session): Promise<number> {
  const { detach, keep } = invocation.options;
  return runContainer({ ...(await createRequest(invocation, session)), detach, keep });
}
