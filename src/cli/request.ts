// What `create`, `run` and `explain` have in common: from their options to the request of the container layer.

import { loadDriver } from "../cgroups/driver.ts";
import type { CreateRequest } from "../container/request.ts";
import { attempt } from "../kernel/call.ts";
import { readVariable } from "../kernel/environment.ts";
import { activatedFds } from "./listen_fds.ts";
import type { Invocation } from "./options.ts";
import type { Session } from "./session.ts";

export async function createRequest(
  { options, operands }: Invocation<"create"> | Invocation<"run"> | Invocation<"restore">,
  { globals, store, warn }: Session,
): Promise<CreateRequest> {
  const pidFile = options["pid-file"];
  const consoleSocket = options["console-socket"];
  const pidfdSocket = "pidfd-socket" in options ? options["pidfd-socket"] : undefined;
  // What was checkpointed has the socket that it had.
  const notifySocket = "pidfd-socket" in options ? readVariable("NOTIFY_SOCKET") : undefined;
  return {
    ...programOptions(options),
    store: store(),
    cgroups: await loadDriver(globals["systemd-cgroup"] ? "systemd" : globals["cgroup-manager"]),
    ...(globals.rootless !== "auto" && globals.rootless !== "" && { rootless: globals.rootless === "true" }),
    id: operands["container-id"],
    bundle: options.bundle,
    ...(pidFile ? { pidFile } : {}),
    ...(consoleSocket ? { consoleSocket } : {}),
    ...(pidfdSocket ? { pidfdSocket } : {}),
    ...(notifySocket ? { notifySocket } : {}),
    warn,
  };
}

type ProgramOptions = Pick<CreateRequest, "preserveFds" | "noPivot" | "newKeyring" | "environment">;

export function programOptions(
  options: Pick<Invocation<"explain">["options"], "no-pivot" | "no-new-keyring" | "preserve-fds">,
): ProgramOptions {
  const activated = activatedFds(readVariable("LISTEN_FDS"), readVariable("LISTEN_PID"), attempt("getpid"));
  return {
    preserveFds: options["preserve-fds"] + activated,
    environment: activated === 0 ? [] : [`LISTEN_FDS=${activated}`, "LISTEN_PID=1"],
    noPivot: options["no-pivot"],
    newKeyring: !options["no-new-keyring"],
  };
}
