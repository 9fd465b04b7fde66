// Processes: who they are, whether they still are, and how to reach exactly them and not a successor of their pid.

import { decode } from "runt:host";
import { O_RDONLY, POLLIN } from "../abi/constants.ts";
import { EINTR, ESRCH } from "../abi/errno.ts";
import { getWord, words } from "../abi/structs.ts";
import { RuntError } from "../error.ts";
import { attempt, call, type Fd, failure } from "./call.ts";
import { openIfExists, using } from "./file.ts";

export interface ProcessStat {
  /** One letter of proc_pid_stat(5): Z and X have ended. */
  readonly state: string;
  /** Clock ticks since boot: with the pid, the identity of a process. */
  readonly startTime: string;
  /** It is in exit(2), perhaps for long: the first process of a pid namespace waits for all others there. */
  readonly exiting: boolean;
}

/** <linux/sched.h> */
const PF_EXITING = 4;

/** undefined if there is no such process. */
export function readProcessStat(pid: number): ProcessStat | undefined {
  const fd = openIfExists(`/proc/${pid}/stat`, O_RDONLY);
  if (fd === undefined) return undefined;
  const text = using(fd, () => {
    const buffer = new Uint8Array(1024);
    const length = attempt("read", fd, buffer, buffer.length);
    return length < 0 ? "" : decode(buffer, 0, length);
  });
  // The second field is the command in parentheses, which the process chose itself and may hold anything.
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  const [state, startTime] = [fields[0], fields[19]];
  if (state === undefined || startTime === undefined) return undefined;
  return { state, startTime, exiting: (Number(fields[6]) & PF_EXITING) !== 0 };
}

/** True while the process runs: not for a zombie, and not for another one with its pid. */
export function isAlive(pid: number, startTime: string): boolean {
  const found = readProcessStat(pid);
  return found !== undefined && found.startTime === startTime && found.state !== "Z" && found.state !== "X";
}

/** False too for a process that has begun to end. */
export function goesOn(pid: number, startTime: string): boolean {
  return isAlive(pid, startTime) && readProcessStat(pid)?.exiting === false;
}

/** undefined if there is no such process. */
export function openPidfd(pid: number): Fd | undefined {
  const result = attempt("pidfd_open", pid, 0);
  if (result === -ESRCH) return undefined;
  if (result < 0) throw failure(`open process ${pid}`, -result);
  return result as Fd;
}

/** Of a child of ours, which nobody else waits for: even if it has ended, the number is its own. */
export function openChild(pid: number): Fd {
  const pidfd = openPidfd(pid);
  if (pidfd === undefined) throw new RuntError({ what: `process ${pid} has ended` });
  return pidfd;
}

/** False if the process has ended. */
export function sendSignal(pidfd: Fd, signal: number): boolean {
  const result = attempt("pidfd_send_signal", pidfd, signal, null, 0);
  if (result === -ESRCH) return false;
  if (result < 0) throw failure(`send signal ${signal}`, -result);
  return true;
}

const P_PIDFD = 3;
const WEXITED = 4;
/** Also for one that has not executed yet, and tells nobody when it ends. */
const WALL = 0x4000_0000;
const CLD_EXITED = 1;

/** Waits for our child: its exit status times 256, or the signal that ended it, as wait(2) says it. */
export function waitStatus(pidfd: Fd): number {
  const info = new Uint8Array(128);
  call("wait for a process", "waitid", P_PIDFD, pidfd, info, WEXITED | WALL, null);
  const status = getWord(info, 24);
  return getWord(info, 8) === CLD_EXITED ? (status & 0xff) << 8 : status & 0x7f;
}

/** Waits for our child: its exit status, or 128 and the signal that ended it. */
export function waitForExit(pidfd: Fd): number {
  const status = waitStatus(pidfd);
  return status & 0x7f ? 128 + status : status >> 8;
}

const SIGCHLD = 17;

/** A caller that ignores it would have the kernel throw exit statuses away. */
export function resetSigchld(): void {
  // A `struct sigaction` of zeros is the default.
  call("reset SIGCHLD", "rt_sigaction", SIGCHLD, new Uint8Array(32), null, 8);
}

export interface PollEntry {
  readonly fd: Fd;
  /** POLLIN, POLLPRI; POLLIN if absent. */
  readonly events?: number;
}

/** `revents` of each entry, or undefined when `milliseconds` have passed (-1: never). */
export function poll(entries: readonly PollEntry[], milliseconds: number): readonly number[] | undefined {
  const buffer = words(...entries.flatMap(({ fd, events = POLLIN }) => [fd, events]));
  const deadline = milliseconds < 0 ? -1 : now() + milliseconds;
  for (;;) {
    const left = deadline < 0 ? -1 : Math.max(0, deadline - now());
    const result = attempt("poll", buffer, entries.length, left);
    if (result === -EINTR) continue;
    if (result < 0) throw failure("wait", -result);
    if (result > 0) return entries.map((_, index) => getWord(buffer, index * 8 + 4) >>> 16);
    if (deadline >= 0 && now() >= deadline) return undefined;
  }
}

/** Milliseconds of the monotonic clock. */
export function now(): number {
  const { seconds, nanoseconds } = readClock(1);
  return seconds * 1000 + Math.floor(nanoseconds / 1_000_000);
}

export interface Timespec {
  readonly seconds: number;
  readonly nanoseconds: number;
}

/** clock_gettime(2): 0 is CLOCK_REALTIME, 1 is CLOCK_MONOTONIC. */
export function readClock(clock: 0 | 1): Timespec {
  const buffer = new Uint8Array(16);
  call("read the clock", "clock_gettime", clock, buffer);
  return {
    seconds: getWord(buffer, 0) + getWord(buffer, 4) * 0x1_0000_0000,
    nanoseconds: getWord(buffer, 8),
  };
}
