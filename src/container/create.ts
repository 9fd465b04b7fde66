// `create`: the container's process exists, has its namespaces, mounts and privileges, and waits for `start`. No
// process of the runtime remains.

import { RuntError } from "../error.ts";
import type { Fd } from "../kernel/call.ts";
import { CWD, close, remove, replaceFile } from "../kernel/file.ts";
import { connect, sendDescriptor } from "../kernel/socket.ts";
import { launch } from "./launch.ts";
import { prepare } from "./prepare.ts";
import type { CreateRequest } from "./request.ts";
import { Undo } from "./undo.ts";

/** @throws RuntError; then nothing is left of the container */
export function createContainer(request: CreateRequest): void {
  const prepared = prepare(request);
  rejectConsole(request, prepared.process.terminal === true, true);
  undoing(request, (undo) => {
    const console = openConsole(request.consoleSocket);
    const launched = launch(prepared, { ...request, barrier: true, onConsole: console }, undo);
    writePidFile(request.pidFile, launched.record.init.pid, undo);
    launched.go();
  });
}

/** @param detach nobody of the runtime stays to relay what the terminal says */
export function rejectConsole({ consoleSocket }: CreateRequest, terminal: boolean, detach: boolean): void {
  const pointer = "/process/terminal";
  if (detach && terminal && consoleSocket === undefined) {
    throw new RuntError({
      pointer,
      what: "cannot allocate tty if runt will detach without setting console socket",
      hint: "pass --console-socket, or set process.terminal to false",
    });
  }
  if ((!detach || !terminal) && consoleSocket !== undefined) {
    throw new RuntError({
      pointer,
      what: "cannot use console socket if runt will not detach or allocate tty",
      hint: "leave out --console-socket, or set process.terminal to true and detach",
    });
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

/** Connects before anything is made, and returns what takes the terminal's master there. */
export function openConsole(path: string | undefined): (master: Fd) => void {
  if (path === undefined) return close;
  const context = { what: `console socket ${path}`, pointer: "/process/terminal" };
  const socket = connect(path, context);
  return (master) => {
    // The text is a name for the descriptor, which its readers ignore.
    sendDescriptor(socket, "/dev/ptmx", master, context);
    close(master);
    close(socket);
  };
}

/** Bare digits, and there as a whole or not at all: conmon reads it with atoi(3). */
export function writePidFile(path: string | undefined, pid: number, undo: Undo): void {
  if (path === undefined) return;
  undo.push(() => remove(path));
  replaceFile(path, String(pid), CWD, 0o644);
}
