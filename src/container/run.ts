// `run`: create and start in one, without a barrier between them. In the foreground the runtime stays: it hands
// signals and the terminal on, ends with the exit status of the container's process, and deletes the container.

import { PR_SET_CHILD_SUBREAPER } from "../abi/constants.ts";
import { RuntError } from "../error.ts";
import { call } from "../kernel/call.ts";
import { attend, blockSignals } from "./attend.ts";
import { begin } from "./begin.ts";
import { chooseConsole, rejectConsole } from "./console.ts";
import { creating, writePidFile } from "./create.ts";
import { destroy } from "./delete.ts";
import { launch } from "./launch.ts";
import { openPidfdSocket } from "./pidfd_socket.ts";
import { type Prepared, prepare, requireProcess } from "./prepare.ts";
import type { ContainerRecord } from "./record.ts";
import type { CreateRequest } from "./request.ts";
import { type LockedDirectory, lockAgain, unlock } from "./store.ts";

export interface RunRequest extends CreateRequest {
  readonly detach: boolean;
  /** Do not delete the container when it has ended. */
  readonly keep: boolean;
}

/** The exit status of the container's process, or 128 and the signal that ended it; 0 where it was detached. */
export async function runContainer(request: RunRequest): Promise<number> {
  const { detach } = request;
  const prepared = await prepare(request, (beginner) => {
    requireProcess(beginner);
    rejectConsole(request, beginner.process.terminal === true, detach);
    return begin(beginner, { ...request, barrier: false });
  });
  const signals = detach ? undefined : blockSignals();
  if (!detach) call("become a subreaper", "prctl", PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
  const { pidfd, directory, record, proxy, notify } = await creating(request, prepared, (undo, rare) => {
    const terminal = chooseConsole(request, prepared.process, undo);
    const sendPidfd = openPidfdSocket(request.pidfdSocket, "standard");
    const launched = launch(prepared, { ...request, rare, barrier: false, onConsole: terminal.take }, undo);
    writePidFile(request.pidFile, launched.record.init.pid, undo);
    sendPidfd(launched.pidfd);
    const { notifySocket = "" } = request;
    const notify = prepared.notifies && rare?.openNotifyProxy(launched.directory, notifySocket);
    launched.go();
    launched.awaitExecution();
    prepared.hooks?.poststart(launched.record.init.pid);
    unlock(launched.directory);
    return { ...launched, proxy: terminal.proxy(), notify };
  });
  if (signals === undefined) {
    notify?.awaitReady(pidfd, record.init.pid, request.warn);
    return 0;
  }
  const status = attend(pidfd, signals, proxy, notify);
  if (!request.keep) cleanUp(request, prepared, directory, record);
  return status;
}

/** The status of the container's process is the answer, even where something of it could not be removed. */
export function cleanUp(
  { warn, cgroups }: Pick<CreateRequest, "warn" | "cgroups">,
  { hooks }: Prepared,
  directory: LockedDirectory,
  record: ContainerRecord,
): void {
  try {
    if (!lockAgain(directory)) return;
    destroy(directory, record, cgroups);
    hooks?.poststop(warn);
  } catch (error) {
    if (!(error instanceof RuntError)) throw error;
    warn(error.record);
  }
}
