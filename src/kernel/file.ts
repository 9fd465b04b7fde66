// Files by descriptor: what the state store, the cgroup driver and the readers of facts need.

import { decode, encode } from "runt:host";
import {
  AT_EMPTY_PATH,
  AT_FDCWD,
  type AT_REMOVEDIR,
  O_CLOEXEC,
  O_CREAT,
  O_DIRECTORY,
  O_PATH,
  O_RDONLY,
  O_TRUNC,
  O_WRONLY,
  S_IFDIR,
  S_IFMT,
} from "../abi/constants.ts";
import { EEXIST, ENOENT } from "../abi/errno.ts";
import { getLong, getWord, STAT } from "../abi/structs.ts";
import { attempt, type Context, call, type Fd, failure } from "./call.ts";

export const CWD = AT_FDCWD as Fd;

export function open(path: string, flags: number, { at = CWD, mode = 0, context }: Opening = {}): Fd {
  return call(context ?? `open ${path}`, "openat", at, path, flags | O_CLOEXEC, mode) as Fd;
}

export interface Opening {
  /** The directory that a relative path starts from. */
  readonly at?: Fd;
  readonly mode?: number;
  readonly context?: Context;
}

/** The descriptor, or undefined if there is nothing at `path`. */
export function openIfExists(path: string, flags: number, at: Fd = CWD): Fd | undefined {
  const result = attempt("openat", at, path, flags | O_CLOEXEC, 0);
  if (result === -ENOENT) return undefined;
  if (result < 0) throw failure(`open ${path}`, -result);
  return result as Fd;
}

export function openDirectory(path: string, at: Fd = CWD): Fd {
  return open(path, O_RDONLY | O_DIRECTORY, { at });
}

export function openPipe(): { readonly read: Fd; readonly write: Fd } {
  const pair = new Uint8Array(8);
  call("create a pipe", "pipe2", pair, O_CLOEXEC);
  return { read: getWord(pair, 0) as Fd, write: getWord(pair, 4) as Fd };
}

export function close(fd: Fd): void {
  attempt("close", fd);
}

/** Runs `body` with the descriptor and closes it in any case. */
export function using<T>(fd: Fd, body: (fd: Fd) => T): T {
  try {
    return body(fd);
  } finally {
    close(fd);
  }
}

/** Most files of procfs and cgroupfs are smaller. Nobody is asked for the size, which they do not know. */
const CHUNK = 2048;

/** All that is left to read, as a byte string. */
export function readAll(fd: Fd, what: string, limit = Number.MAX_SAFE_INTEGER): string {
  let buffer = new Uint8Array(Math.min(CHUNK, limit));
  let length = 0;
  for (;;) {
    const rest = length === 0 ? buffer : buffer.subarray(length);
    const count = attempt("read", fd, rest, buffer.length - length);
    if (count < 0) throw failure(`read ${what}`, -count);
    length += count;
    if (count === 0 || length >= limit) return decode(buffer, 0, length);
    if (length === buffer.length) {
      const larger = new Uint8Array(Math.min(buffer.length * 4, limit));
      larger.set(buffer);
      buffer = larger;
    }
  }
}

export function readFile(path: string, at: Fd = CWD): string {
  return using(open(path, O_RDONLY, { at, context: { what: `read ${path}` } }), (fd) => readAll(fd, path));
}

export function readFileIfExists(path: string, at: Fd = CWD): string | undefined {
  const fd = openIfExists(path, O_RDONLY, at);
  return fd === undefined ? undefined : using(fd, () => readAll(fd, path));
}

/** More than most records of a container have. */
const SMALL = 1024;

/** A regular file, in three system calls if it is small: there a read that returns less has come to the end. */
export function readRegularIfExists(path: string): string | undefined {
  const fd = openIfExists(path, O_RDONLY);
  if (fd === undefined) return undefined;
  return using(fd, () => {
    const buffer = new Uint8Array(SMALL);
    const length = call(`read ${path}`, "read", fd, buffer, SMALL);
    const text = decode(buffer, 0, length);
    return length < SMALL ? text : text + readAll(fd, path);
  });
}

/** A regular file as it is: to make a string of bytes beyond ASCII takes long. */
export function readBytesIfExists(path: string): Uint8Array | undefined {
  const fd = openIfExists(path, O_RDONLY);
  if (fd === undefined) return undefined;
  return using(fd, () => {
    const buffer = new Uint8Array(getLong(stat(fd, path), STAT.length));
    return buffer.subarray(0, call(`read ${path}`, "read", fd, buffer, buffer.length));
  });
}

export function toBytes(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length);
  encode(bytes, 0, text);
  return bytes;
}

/** Writes all of it; a short write is continued. */
export function writeAll(fd: Fd, text: string, context: Context | string): void {
  const bytes = toBytes(text);
  let written = 0;
  do {
    written += call(context, "write", fd, bytes.subarray(written), bytes.length - written);
  } while (written < bytes.length);
}

/** One write(2) to a file that exists: files of procfs and cgroupfs take a value as a whole. */
export function writeValue(path: string, value: string, { at = CWD, context }: Opening = {}): void {
  const doing = context ?? { what: `write ${value.trim()} to ${path}` };
  using(open(path, O_WRONLY, { at, context: doing }), (fd) => {
    call(doing, "write", fd, toBytes(value), value.length);
  });
}

/** Replaces the file as a whole: readers see the old text or the new one. */
export function replaceFile(name: string, text: string, at: Fd, mode: number): void {
  const temporary = `${name}.new`;
  using(open(temporary, O_WRONLY | O_CREAT | O_TRUNC, { at, mode }), (fd) => {
    writeAll(fd, text, `write ${name}`);
  });
  call(`rename ${temporary} to ${name}`, "renameat", at, temporary, at, name);
}

export function stat(fd: Fd, what: string): Uint8Array {
  const buffer = new Uint8Array(STAT.size);
  call(`stat ${what}`, "newfstatat", fd, "", buffer, AT_EMPTY_PATH);
  return buffer;
}

/** What is at the path, or -errno. */
export function statPath(path: string, at: Fd = CWD): Uint8Array | number {
  const buffer = new Uint8Array(STAT.size);
  const result = attempt("newfstatat", at, path, buffer, 0);
  return result < 0 ? result : buffer;
}

export function isDirectory(status: Uint8Array): boolean {
  return (getWord(status, STAT.mode) & S_IFMT) === S_IFDIR;
}

/** Makes the directory; false if there is something of that name already. */
export function makeDirectory(path: string, mode: number, at: Fd = CWD): boolean {
  const result = attempt("mkdirat", at, path, mode);
  if (result === -EEXIST) return false;
  if (result < 0) throw failure(`mkdir ${path}`, -result);
  return true;
}

/** With the directories above it, where they are missing: most often it takes one call. */
export function makeDirectories(
  path: string,
  mode: number,
  context: Context = { what: `mkdir ${path}` },
): void {
  const result = attempt("mkdirat", CWD, path, mode);
  if (result >= 0 || result === -EEXIST) return;
  const slash = path.lastIndexOf("/");
  if (result !== -ENOENT || slash <= 0) throw failure(context, -result);
  makeDirectories(path.slice(0, slash), mode, context);
  const again = attempt("mkdirat", CWD, path, mode);
  if (again < 0 && again !== -EEXIST) throw failure(context, -again);
}

/** Removes it; true if it was there. */
export function remove(path: string, at: Fd = CWD, flags: 0 | typeof AT_REMOVEDIR = 0): boolean {
  const result = attempt("unlinkat", at, path, flags);
  if (result === -ENOENT) return false;
  if (result < 0) throw failure(`remove ${path}`, -result);
  return true;
}

/** The path itself, without links: through /proc/self/fd, as realpath(3) of an open file. */
export function pathOf(fd: Fd): string {
  const path = readLink(`/proc/self/fd/${fd}`);
  if (typeof path === "number") throw failure("readlink /proc/self/fd", -path);
  return path;
}

/** What the link says, or -errno. */
export function readLink(path: string): string | number {
  const buffer = new Uint8Array(4096);
  const length = attempt("readlinkat", CWD, path, buffer, buffer.length);
  return length < 0 ? length : decode(buffer, 0, length);
}

export function resolvePath(path: string, context?: Context): string {
  const opening = context === undefined ? {} : { context };
  return using(open(path, O_PATH, opening), pathOf);
}

/** Names in a directory, without `.` and `..`. */
export function list(directory: Fd): readonly string[] {
  const names: string[] = [];
  const buffer = new Uint8Array(CHUNK);
  for (;;) {
    const length = call("read a directory", "getdents64", directory, buffer, buffer.length);
    if (length === 0) return names;
    for (let at = 0; at < length; at += (buffer[at + 16] ?? 0) | ((buffer[at + 17] ?? 0) << 8)) {
      const end = buffer.indexOf(0, at + 19);
      const name = decode(buffer, at + 19, end);
      if (name !== "." && name !== "..") names.push(name);
    }
  }
}
