// The foreground of `run`: waits for the container's process and hands on what happens meanwhile.

import { POLLIN, SIG_BLOCK, SOCK_CLOEXEC, SOCK_NONBLOCK } from "../abi/constants.ts";
import { getWord } from "../abi/structs.ts";
import { attempt, call, type Fd } from "../kernel/call.ts";
import { type PollEntry, poll, resetSigchld, sendSignal, waitForExit } from "../kernel/process.ts";
import type { NotifyProxy } from "./notify_socket.ts";
import type { TerminalProxy } from "./terminal_proxy.ts";

const SIGSET = 8;
const SIGCHLD = 17;
const SIGURG = 23;
const SIGWINCH = 28;
/** `struct signalfd_siginfo`, which begins with the number. */
const SIGNALFD_SIGINFO = 128;

/** From now on signals are read from the descriptor. The stage resets its own mask. */
export function blockSignals(): Fd {
  resetSigchld();
  const all = new Uint8Array(SIGSET).fill(0xff);
  call("block signals", "rt_sigprocmask", SIG_BLOCK, all, null, SIGSET);
  // SFD_CLOEXEC and SFD_NONBLOCK have the values of the socket flags.
  return call("open a signalfd", "signalfd4", -1, all, SIGSET, SOCK_CLOEXEC | SOCK_NONBLOCK) as Fd;
}

/**
 * Until the process has ended: its exit status, or 128 and the signal.
 * @param notify for the service manager the runtime is the container, since it stays
 */
export function attend(
  pidfd: Fd,
  signals: Fd,
  proxy: TerminalProxy | undefined,
  notify?: NotifyProxy | undefined,
): number {
  const own: PollEntry[] = [
    { fd: pidfd, events: POLLIN },
    { fd: signals, events: POLLIN },
  ];
  if (notify !== undefined) own.push({ fd: notify.fd });
  for (;;) {
    const entries = proxy?.entries() ?? [];
    const [ended = 0, signalled = 0, ...others] = poll([...own, ...entries], -1) ?? [];
    if (signalled !== 0) forwardSignals(pidfd, signals, proxy);
    if (own.length > 2 && others.shift() !== 0 && notify?.relay(attempt("getpid"))) own.pop();
    proxy?.relay(entries, others);
    if (ended !== 0) break;
  }
  proxy?.drain();
  proxy?.restore();
  return waitForExit(pidfd);
}

function forwardSignals(pidfd: Fd, signals: Fd, proxy: TerminalProxy | undefined): void {
  const info = new Uint8Array(SIGNALFD_SIGINFO);
  while (attempt("read", signals, info, info.length) === info.length) {
    const signal = getWord(info, 0);
    if (signal === SIGWINCH) proxy?.resize();
    else if (signal !== SIGCHLD && signal !== SIGURG) sendSignal(pidfd, signal);
  }
}
