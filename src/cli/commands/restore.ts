// runt restore: a container goes on where `runt checkpoint` has stopped it. Its exit code is that of its process.

import { restoreContainer } from "../../container/restore.ts";
import { criuOptions } from "../criu_request.ts";
import type { Invocation } from "../options.ts";
import { createRequest } from "../request.ts";
import type { Session } from "../session.ts";

export async function restore(invocation: Invocation<"restore">, session: Session): Promise<number> {
  const { options } = invocation;
  return restoreContainer({
    ...(await createRequest(invocation, session)),
    detach: options.detach,
    imagePath: options["image-path"],
    workPath: options["work-path"],
    cgroupsMode: options["manage-cgroups-mode"] || "soft",
    emptyNetwork: options["empty-ns"].length > 0,
    criu: {
      ...criuOptions(options),
      lsm_profile: options["lsm-profile"],
      lsm_mount_context: options["lsm-mount-context"],
    },
  });
}
