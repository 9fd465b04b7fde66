// The proxy of sd_notify(3), as runc has it: the container has a socket of its own in /run/notify, and the runtime hands
// on that it is ready, with the pid that the host knows. What else the container says is dropped.

import { decode } from "runt:host";
import { MSG_DONTWAIT, SOCK_DGRAM } from "../abi/constants.ts";
import { attempt, type Fd, failure } from "../kernel/call.ts";
import { close, makeDirectory, openIfExists, openPipe, remove } from "../kernel/file.ts";
import { poll } from "../kernel/process.ts";
import { bindDatagrams, send, sendDescriptor, tryConnect } from "../kernel/socket.ts";
import { NOTIFY, NOTIFY_SOCKET } from "./notify_mount.ts";
import type { Warn } from "./request.ts";
import type { LockedDirectory } from "./store.ts";

/** Longer than any message of systemd's own. */
const LONGEST = 4096;
/** Milliseconds, as in runc. */
const BARRIER_DEADLINE = 30_000;

export interface NotifyProxy {
  /** Readable when the container has said something. */
  readonly fd: Fd;
  /** @param pid of the process that the service manager shall watch. False unless the container has said that it is ready */
  readonly relay: (pid: number) => boolean;
  /** In the place of a runtime that stays: until the container is ready or has ended, and its message has been read. */
  readonly awaitReady: (pidfd: Fd, pid: number, warn: Warn) => void;
}

/** The directory that the container sees; what is in it goes with the state of the container. */
export function makeNotifyDirectory({ fd }: LockedDirectory): void {
  makeDirectory(NOTIFY, 0o755, fd);
}

/** undefined where `create` had no NOTIFY_SOCKET. @throws RuntError if nobody listens on that of the host */
export function openNotifyProxy(container: LockedDirectory, host: string): NotifyProxy | undefined {
  const directory = openIfExists(NOTIFY, 0, container.fd);
  if (directory === undefined) return undefined;
  const address = host.startsWith("@") ? `\0${host.slice(1)}` : host;
  const client = tryConnect(address, { type: SOCK_DGRAM });
  if (client < 0) throw failure(`connect to NOTIFY_SOCKET ${host}`, -client);
  // Of a `start` that was killed.
  remove(NOTIFY_SOCKET, directory);
  const fd = bindDatagrams(directory, NOTIFY_SOCKET);
  close(directory);
  const relay = (pid: number) => handOn(fd, client as Fd, pid);
  return {
    fd,
    relay,
    awaitReady: (pidfd, pid, warn) => {
      for (;;) {
        const [, said = 0] = poll([{ fd: pidfd }, { fd }], -1) ?? [];
        // What it has said before it ended counts.
        if (said === 0) return;
        if (relay(pid)) break;
      }
      sendBarrier(client as Fd, warn);
    },
  };
}

/** Its first line, if the message begins so: what the container adds is not for the service manager. */
function handOn(from: Fd, to: Fd, pid: number): boolean {
  const buffer = new Uint8Array(LONGEST);
  const length = attempt("recvfrom", from, buffer, LONGEST, MSG_DONTWAIT, null, null);
  const [line = ""] = decode(buffer, 0, Math.max(0, length)).split("\n", 1);
  if (!line.startsWith("READY=")) return false;
  send(to, `${line}\n`, "tell the service manager that the container is ready");
  send(to, `MAINPID=${pid}\n`, "tell the service manager the container's process");
  return true;
}

/** sd_notify_barrier(3): a message of a process that has ended could not be attributed to it. */
function sendBarrier(client: Fd, warn: Warn): void {
  const { read, write } = openPipe();
  sendDescriptor(client, "BARRIER=1", write, "send a barrier to the service manager");
  close(write);
  // The service manager closes its copy when it has read the messages before.
  if (poll([{ fd: read }], BARRIER_DEADLINE) === undefined) {
    warn({
      what: `the service manager has not closed the barrier for ${BARRIER_DEADLINE / 1000} s. Ignored`,
    });
  }
  close(read);
}
