// Where the master of a container's terminal goes: to a socket of the caller's, or to a proxy in the foreground.

import { RuntError } from "../error.ts";
import type { Fd } from "../kernel/call.ts";
import { close } from "../kernel/file.ts";
import { connect, sendDescriptor } from "../kernel/socket.ts";
import type { Process } from "../spec/types.ts";
import type { CreateRequest } from "./request.ts";
import { openTerminalProxy, type TerminalProxy } from "./terminal_proxy.ts";
import type { Undo } from "./undo.ts";

type ConsoleRequest = Pick<CreateRequest, "consoleSocket">;

/** @param detach nobody of the runtime stays to relay what the terminal says */
export function rejectConsole({ consoleSocket }: ConsoleRequest, terminal: boolean, detach: boolean): void {
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

export interface Console {
  readonly take: (master: Fd) => void;
  /** In the foreground, once it has taken a terminal. */
  readonly proxy: () => TerminalProxy | undefined;
}

/** Of a process that the runtime may attend. */
export function chooseConsole(
  { consoleSocket, detach }: ConsoleRequest & { readonly detach: boolean },
  process: Process,
  undo: Undo,
): Console {
  if (detach) return { take: openConsole(consoleSocket), proxy: () => undefined };
  let proxy: TerminalProxy | undefined;
  return {
    take: (master) => {
      proxy = openTerminalProxy(master, process.consoleSize === undefined);
      undo.push(proxy.restore);
    },
    proxy: () => proxy,
  };
}
