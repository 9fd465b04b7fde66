// What `create`, `run` and `explain` have in common: from their options to the request of the container layer.

import { type CgroupDriver, loadDriver } from "../cgroups/driver.ts";
import type { CreateRequest } from "../container/request.ts";
import { RuntError } from "../error.ts";
import { attempt } from "../kernel/call.ts";
import { readVariable } from "../kernel/environment.ts";
import { activatedFds } from "./listen_fds.ts";
import type { GlobalValues, Invocation } from "./options.ts";
import type { Session } from "./session.ts";

/** @throws RuntError if no cgroups shall be made */
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
    cgroups: await cgroupDriver(globals),
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

/** A container in another cgroup than its caller believes would run without the limits of that one. */
function cgroupDriver(globals: GlobalValues): Promise<CgroupDriver> {
  const manager = globals["systemd-cgroup"] ? "systemd" : globals["cgroup-manager"];
  if (manager !== "disabled") return loadDriver(manager);
  throw new RuntError({
    what: "--cgroup-manager=disabled is not supported yet",
    hint: "use the manager that the engine is configured for: cgroupfs or systemd",
  });
}
