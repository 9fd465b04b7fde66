// What `create`, `run` and `explain` have in common: from their options to the request of the container layer.

import type { CreateRequest } from "../container/request.ts";
import { RuntError } from "../error.ts";
import { attempt } from "../kernel/call.ts";
import { readVariable } from "./environment.ts";
import { activatedFds } from "./listen_fds.ts";
import type { GlobalValues, Invocation } from "./options.ts";
import type { Session } from "./session.ts";

/** @throws RuntError if the cgroups shall be made in a way that we do not know */
export function createRequest(
  { options, operands }: Invocation<"create"> | Invocation<"run">,
  { globals, store, warn }: Session,
): CreateRequest {
  const pidFile = options["pid-file"];
  const consoleSocket = options["console-socket"];
  return {
    ...programOptions(options, globals),
    store: store(),
    id: operands["container-id"],
    bundle: options.bundle,
    ...(pidFile ? { pidFile } : {}),
    ...(consoleSocket ? { consoleSocket } : {}),
    warn,
  };
}

type ProgramOptions = Pick<CreateRequest, "preserveFds" | "noPivot" | "newKeyring">;

export function programOptions(
  options: Pick<Invocation<"explain">["options"], "no-pivot" | "no-new-keyring" | "preserve-fds">,
  globals: GlobalValues,
): ProgramOptions {
  rejectCgroupManager(globals);
  const activated = activatedFds(readVariable("LISTEN_FDS"), readVariable("LISTEN_PID"), attempt("getpid"));
  return {
    preserveFds: options["preserve-fds"] + activated,
    noPivot: options["no-pivot"],
    newKeyring: !options["no-new-keyring"],
  };
}

/** A container in another cgroup than its caller believes would run without the limits of that one. */
function rejectCgroupManager(globals: GlobalValues): void {
  const manager = globals["systemd-cgroup"] ? "systemd" : globals["cgroup-manager"];
  if (manager === "cgroupfs") return;
  const option = globals["systemd-cgroup"] ? "--systemd-cgroup" : `--cgroup-manager=${manager}`;
  throw new RuntError({
    what: `${option} is not supported yet`,
    hint: "use the cgroupfs cgroup manager: leave the option out, and configure the engine for cgroupfs",
  });
}
