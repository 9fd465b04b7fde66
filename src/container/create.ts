// `create`: the container's process exists, has its namespaces, mounts and privileges, and waits for `start`. No
// process of the runtime remains.

import { RuntError } from "../error.ts";
import { CWD, remove, replaceFile } from "../kernel/file.ts";
import { begin } from "./begin.ts";
import { openConsole, rejectConsole } from "./console.ts";
import { launch } from "./launch.ts";
import { openPidfdSocket } from "./pidfd_socket.ts";
import { type Prepared, prepare } from "./prepare.ts";
import { advised, loadRare, type Rare } from "./rare.ts";
import type { CreateRequest } from "./request.ts";
import { Undo } from "./undo.ts";

/** @throws RuntError; then nothing is left of the container */
export async function createContainer(request: CreateRequest): Promise<void> {
  const prepared = await prepare(request, (beginner) => {
    rejectConsole(request, beginner.process.terminal === true, true);
    return begin(beginner, { ...request, barrier: true });
  });
  await creating(request, prepared, (undo, rare) => {
    const console = openConsole(request.consoleSocket);
    const sendPidfd = openPidfdSocket(request.pidfdSocket, "standard");
    const launched = launch(prepared, { ...request, rare, barrier: true, onConsole: console }, undo);
    writePidFile(request.pidFile, launched.record.init.pid, undo);
    sendPidfd(launched.pidfd);
    launched.go();
  });
}

/** With what few containers need; where it fails, nothing is left, and the error says what can be done. */
export async function creating<T>(
  request: CreateRequest,
  prepared: Prepared,
  body: (undo: Undo, rare: Rare | undefined) => T,
): Promise<T> {
  const rare = await loadRare(prepared);
  try {
    return undoing(request, (undo) => {
      if (prepared.begun) undo.push(prepared.begun.spawning.end);
      return body(undo, rare);
    });
  } catch (error) {
    throw await advised(error, prepared);
  }
}

/** Runs `body`; where it fails, what it has pushed to the Undo is taken back. */
export function undoing<T>({ warn }: Pick<CreateRequest, "warn">, body: (undo: Undo) => T): T {
  const undo = new Undo();
  try {
    return body(undo);
  } catch (error) {
    for (const failed of undo.run()) if (failed instanceof RuntError) warn(failed.record);
    throw error;
  }
}

/** Bare digits, and there as a whole or not at all: conmon reads it with atoi(3). */
export function writePidFile(path: string | undefined, pid: number, undo: Undo): void {
  if (path === undefined) return;
  undo.push(() => remove(path));
  replaceFile(path, String(pid), CWD, 0o644);
}
