// The standard streams of a hook: the state to be read, and two pipes, of which the end is kept. The state is a sealed
// file in memory, which takes any size, and does not mind who does not read it.

import { decode } from "runt:host";
import { F_ADD_SEALS, F_SEAL_ALL, MFD_ALLOW_SEALING, MFD_CLOEXEC, SEEK_SET } from "../abi/constants.ts";
import { attempt, call, type Fd } from "../kernel/call.ts";
import { close, openPipe, writeAll } from "../kernel/file.ts";
import { now, poll } from "../kernel/process.ts";

/** Of each stream, since it is for an error message; what went wrong is said in the end. */
const OUTPUT_LIMIT = 4096;
const CHUNK = 2048;
/** Reads that empty a pipe. Whoever goes on writing when the hook has ended is not followed. */
const DRAIN = 64;

export interface HookStreams {
  readonly theirs: readonly [Fd, Fd, Fd];
  readonly ours: readonly [Fd, Fd];
}

export function openStreams(state: string): HookStreams {
  const what = "write the state for a hook";
  const stdin = call(what, "memfd_create", "state", MFD_CLOEXEC | MFD_ALLOW_SEALING) as Fd;
  writeAll(stdin, state, what);
  call(what, "lseek", stdin, 0, SEEK_SET);
  // What one hook does to its file must not be seen by the next one, or by us.
  call(what, "fcntl", stdin, F_ADD_SEALS, F_SEAL_ALL);
  const [stdout, stderr] = [openPipe(), openPipe()];
  return { theirs: [stdin, stdout.write, stderr.write], ours: [stdout.read, stderr.read] };
}

export interface Output {
  readonly stdout: string;
  readonly stderr: string;
  /** False where the time was over first. */
  readonly inTime: boolean;
}

/** Reads the pipes, and closes them, when `event` can be read, or after so many milliseconds (-1: never). */
export function readUntil(event: Fd, ours: HookStreams["ours"], milliseconds: number): Output {
  const readers = ours.map(tailOf);
  const deadline = milliseconds < 0 ? -1 : now() + milliseconds;
  let inTime: boolean | undefined;
  while (inTime === undefined) {
    const open = readers.filter((reader) => !reader.isAtEnd());
    const left = deadline < 0 ? -1 : Math.max(0, deadline - now());
    const ready = poll([{ fd: event }, ...open], left);
    if (ready === undefined) inTime = false;
    else if (ready[0] !== 0) inTime = true;
    else for (const reader of open.filter((_, index) => ready[index + 1] !== 0)) reader.read();
  }
  const [stdout = "", stderr = ""] = readers.map((reader) => reader.finish());
  return { stdout, stderr, inTime };
}

function tailOf(fd: Fd) {
  const buffer = new Uint8Array(CHUNK);
  let text = "";
  let isAtEnd = false;
  const read = () => {
    const length = attempt("read", fd, buffer, CHUNK);
    if (length <= 0) isAtEnd = true;
    else text = (text + decode(buffer, 0, length)).slice(-OUTPUT_LIMIT);
  };
  return {
    fd,
    isAtEnd: () => isAtEnd,
    read,
    finish: () => {
      for (let n = 0; n < DRAIN && !isAtEnd && poll([{ fd }], 0) !== undefined; n++) read();
      close(fd);
      return text;
    },
  };
}
