// The agent of a container's notifications: it gets the listener, and the container process state of
// config-linux.md#seccomp, over a connection for this alone.

import { call, type Fd, failure } from "../kernel/call.ts";
import { using } from "../kernel/file.ts";
import { sendWithDescriptor, tryConnect } from "../kernel/socket.ts";
import type { LinuxSeccomp, Spec } from "../spec/types.ts";
import { validJson } from "../utf8.ts";

/** Milliseconds for the agent to accept, and to read. */
const DEADLINE = 10_000;

/** What is known of the container whose process has loaded the filter. */
export interface Notifier {
  readonly id: string;
  readonly bundle: string;
  readonly spec: Spec;
  readonly pid: number;
  readonly pidfd: Fd;
}

/** @throws RuntError where the agent does not take it */
export function notifyAgent(
  { listenerPath = "", listenerMetadata }: LinuxSeccomp,
  notifier: Notifier,
  listener: number,
  status: "creating" | "running",
): void {
  const context = { what: `seccomp agent ${listenerPath}`, pointer: "/linux/seccomp/listenerPath" };
  const fetch = { ...context, what: "fetch the seccomp listener of the container's process" };
  using(call(fetch, "pidfd_getfd", notifier.pidfd, listener, 0) as Fd, (fd) => {
    const connection = tryConnect(listenerPath, { milliseconds: DEADLINE });
    const hint = "listenerPath is the stream socket of a seccomp agent, which has to be listening";
    if (connection < 0) throw failure({ ...context, hint }, -connection);
    using(connection as Fd, (socket) => {
      sendWithDescriptor(socket, stateText(notifier, listenerMetadata, status), fd, context);
    });
  });
}

function stateText(
  { id, bundle, spec, pid }: Notifier,
  metadata: string | undefined,
  status: string,
): string {
  const { ociVersion, annotations } = spec;
  return validJson(
    JSON.stringify({
      ociVersion,
      fds: ["seccompFd"],
      pid,
      metadata,
      state: { ociVersion, id, status, pid, bundle, annotations },
    }),
  );
}
