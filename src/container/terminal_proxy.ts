// The terminal of an interactive `run`: what is typed at ours goes to the container's, and what that says comes back.
// Ours is raw meanwhile, so that the container's line discipline, and no other, interprets the keys.

import {
  F_GETFL,
  F_SETFL,
  O_NONBLOCK,
  POLLIN,
  POLLOUT,
  TCGETS,
  TCSETS,
  TIOCGWINSZ,
  TIOCSWINSZ,
} from "../abi/constants.ts";
import { EAGAIN } from "../abi/errno.ts";
import { attempt, call, type Fd } from "../kernel/call.ts";
import type { PollEntry } from "../kernel/process.ts";

const STDIN = 0 as Fd;
const STDOUT = 1 as Fd;
const CHUNK = 16 << 10;
/** `struct termios` of the kernel: four words of flags, the line discipline, 19 control characters. */
const TERMIOS = 36;
const WINSIZE = 8;

export interface TerminalProxy {
  /** What to poll for now. */
  readonly entries: () => readonly PollEntry[];
  /** Moves what the poll has found: `revents` belong to `entries`, one to one. */
  readonly relay: (entries: readonly PollEntry[], revents: readonly number[]) => void;
  /** Ours has a new size. */
  readonly resize: () => void;
  /** The last words of the container: all that can be read without waiting. */
  readonly drain: () => void;
  /** Our terminal is as it was before. */
  readonly restore: () => void;
}

/** @param copySize the container's terminal is as large as ours */
export function openTerminalProxy(master: Fd, copySize: boolean): TerminalProxy {
  const before = enterRawMode();
  // A container that does not read must not keep us from hearing signals.
  const flags = call("read the flags of the terminal", "fcntl", master, F_GETFL, 0);
  call("make the terminal non-blocking", "fcntl", master, F_SETFL, flags | O_NONBLOCK);
  let typed = new Uint8Array(0);
  let inputOpen = true;
  let outputOpen = true;

  const readInput = () => {
    const chunk = new Uint8Array(CHUNK);
    const length = attempt("read", STDIN, chunk, chunk.length);
    if (length > 0) typed = chunk.subarray(0, length);
    else if (length !== -EAGAIN) inputOpen = false;
  };
  const writeTyped = () => {
    const length = attempt("write", master, typed, typed.length);
    if (length > 0) typed = typed.subarray(length);
    else if (length !== -EAGAIN) typed = new Uint8Array(0);
  };
  /** False when there is nothing more for now. EIO: nobody has the container's terminal open any more. */
  const readOutput = (): boolean => {
    const chunk = new Uint8Array(CHUNK);
    const length = attempt("read", master, chunk, chunk.length);
    if (length <= 0) {
      if (length !== -EAGAIN) outputOpen = false;
      return false;
    }
    writeOut(chunk.subarray(0, length));
    return true;
  };
  const resize = () => {
    const size = new Uint8Array(WINSIZE);
    if (attempt("ioctl", STDIN, TIOCGWINSZ, size) === 0) attempt("ioctl", master, TIOCSWINSZ, size);
  };
  if (copySize) resize();
  return {
    entries: () => {
      const wanted = (outputOpen ? POLLIN : 0) | (typed.length > 0 ? POLLOUT : 0);
      const toMaster = wanted === 0 ? [] : [{ fd: master, events: wanted }];
      return inputOpen && typed.length === 0 ? [...toMaster, { fd: STDIN, events: POLLIN }] : toMaster;
    },
    relay: (entries, revents) => {
      entries.forEach(({ fd }, index) => {
        const found = revents[index] ?? 0;
        if (found === 0) return;
        if (fd === STDIN) {
          readInput();
          return;
        }
        if (typed.length > 0) writeTyped();
        readOutput();
      });
    },
    resize,
    drain: () => {
      while (outputOpen && readOutput());
    },
    restore: () => {
      if (before !== undefined) attempt("ioctl", STDIN, TCSETS, before);
    },
  };
}

/** What the terminal was like before; undefined where standard input is none. */
function enterRawMode(): Uint8Array | undefined {
  const before = new Uint8Array(TERMIOS);
  if (attempt("ioctl", STDIN, TCGETS, before) !== 0) return undefined;
  call("set the terminal to raw mode", "ioctl", STDIN, TCSETS, makeRaw(before));
  return before;
}

/** cfmakeraw(3). */
function makeRaw(termios: Uint8Array): Uint8Array {
  const raw = termios.slice();
  const view = new DataView(raw.buffer);
  const change = (offset: number, clear: number, set: number) => {
    view.setUint32(offset, (view.getUint32(offset, true) & ~clear) | set, true);
  };
  // IGNBRK, BRKINT, PARMRK, ISTRIP, INLCR, IGNCR, ICRNL, IXON
  change(0, 0x1 | 0x2 | 0x8 | 0x20 | 0x40 | 0x80 | 0x100 | 0x400, 0);
  // OPOST
  change(4, 0x1, 0);
  // CSIZE, PARENB; CS8
  change(8, 0x30 | 0x100, 0x30);
  // ISIG, ICANON, ECHO, ECHONL, IEXTEN
  change(12, 0x1 | 0x2 | 0x8 | 0x40 | 0x8000, 0);
  // One byte at a time, without a timer: VTIME, VMIN.
  raw[17 + 5] = 0;
  raw[17 + 6] = 1;
  return raw;
}

/** Blocks where our own output does. One that nobody reads any more is no reason to end the container. */
function writeOut(bytes: Uint8Array): void {
  for (let rest = bytes; rest.length > 0; ) {
    const length = attempt("write", STDOUT, rest, rest.length);
    if (length <= 0) return;
    rest = rest.subarray(length);
  }
}
