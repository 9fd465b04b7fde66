// `--pidfd-socket`: whoever listens there gets the process itself, and not a number that may be another's by then.

import type { Fd } from "../kernel/call.ts";
import { close } from "../kernel/file.ts";
import { connect, sendDescriptor } from "../kernel/socket.ts";

/**
 * Connects before anything is made, and returns what sends the process.
 * @param text says which command it is of, as in runc: its readers ignore it
 */
export function openPidfdSocket(path: string | undefined, text: "standard" | "setns"): (pidfd: Fd) => void {
  if (!path) return () => {};
  const context = { what: `pidfd socket ${path}` };
  const socket = connect(path, context);
  return (pidfd) => {
    sendDescriptor(socket, text, pidfd, context);
    close(socket);
  };
}
