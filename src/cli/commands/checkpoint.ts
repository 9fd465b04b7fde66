// runt checkpoint: a running container becomes image files, from which `runt restore` makes it again.

import { checkpointContainer } from "../../container/checkpoint.ts";
import { criuOptions, pageServerOf } from "../criu_request.ts";
import type { Invocation } from "../options.ts";
import type { Session } from "../session.ts";

export async function checkpoint(
  { options, operands }: Invocation<"checkpoint">,
  { store, warn }: Session,
): Promise<number> {
  await checkpointContainer({
    store: store(),
    id: operands["container-id"],
    imagePath: options["image-path"],
    workPath: options["work-path"],
    parentPath: options["parent-path"],
    preDump: options["pre-dump"],
    leaveRunning: options["leave-running"],
    lazyPages: options["lazy-pages"],
    statusFd: options["status-fd"],
    criu: { ...criuOptions(options), ps: pageServerOf(options["page-server"]) },
    warn,
  });
  return 0;
}
