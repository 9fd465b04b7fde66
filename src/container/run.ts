// `run`: create and start in one, without a barrier between them. In the foreground the runtime stays: it hands
// signals and the terminal on, ends with the exit status of the container's process, and deletes the container.

import { PR_SET_CHILD_SUBREAPER } from "../abi/constants.ts";
import { RuntError } from "../error.ts";
import { call } from "../kernel/call.ts";
import { attend, blockSignals } from "./attend.ts";
import { openConsole, rejectConsole, undoing, writePidFile } from "./create.ts";
import { destroy } from "./delete.ts";
import { launch } from "./launch.ts";
import { prepare } from "./prepare.ts";
import type { ContainerRecord } from "./record.ts";
import type { CreateRequest } from "./request.ts";
import { type LockedDirectory, lockAgain, unlock } from "./store.ts";
import { openTerminalProxy, type TerminalProxy } from "./terminal_proxy.ts";

export interface RunRequest extends CreateRequest {
  readonly detach: boolean;
  /** Do not delete the container when it has ended. */
  readonly keep: boolean;
}

/** The exit status of the container's process, or 128 and the signal that ended it; 0 where it was detached. */
export function runContainer(request: RunRequest): number {
  const prepared = prepare(request);
  const { detach } = request;
  rejectConsole(request, prepared.process.terminal === true, detach);
  const signals = detach ? undefined : blockSignals();
  if (!detach) call("become a subreaper", "prctl", PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
  let proxy: TerminalProxy | undefined;
  const { pidfd, directory, record } = undoing(request, (undo) => {
    const sendConsole = openConsole(request.consoleSocket);
    const onConsole = detach
      ? sendConsole
      : (master: Parameters<typeof sendConsole>[0]) => {
          proxy = openTerminalProxy(master, prepared.process.consoleSize === undefined);
          undo.push(proxy.restore);
        };
    const launched = launch(prepared, { ...request, barrier: false, onConsole }, undo);
    writePidFile(request.pidFile, launched.record.init.pid, undo);
    launched.go();
    launched.awaitExecution();
    unlock(launched.directory);
    return launched;
  });
  if (signals === undefined) return 0;
  const status = attend(pidfd, signals, proxy);
  if (!request.keep) cleanUp(request, directory, record);
  return status;
}

/** The status of the container's process is the answer, even where something of it could not be removed. */
function cleanUp({ warn, cgroups }: RunRequest, directory: LockedDirectory, record: ContainerRecord): void {
  try {
    if (lockAgain(directory)) destroy(directory, record, cgroups);
  } catch (error) {
    if (!(error instanceof RuntError)) throw error;
    warn(error.record);
  }
}
