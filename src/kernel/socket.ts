// Unix sockets: the channel to the stage, the listener that `start` connects to, and descriptors that travel.

import { address, encode } from "runt:host";
import {
  AF_UNIX,
  MSG_CMSG_CLOEXEC,
  MSG_DONTWAIT,
  MSG_NOSIGNAL,
  O_DIRECTORY,
  O_PATH,
  SCM_RIGHTS,
  SO_SNDTIMEO,
  SOCK_CLOEXEC,
  SOCK_DGRAM,
  SOCK_SEQPACKET,
  SOCK_STREAM,
  SOL_SOCKET,
} from "../abi/constants.ts";
import { ECONNRESET, EPIPE } from "../abi/errno.ts";
import { getLong, getWord, longs, words } from "../abi/structs.ts";
import { attempt, type Context, call, type Fd, failure } from "./call.ts";
import { open, toBytes, using } from "./file.ts";
import { poll } from "./process.ts";

export function socketPair(): readonly [Fd, Fd] {
  const pair = new Uint8Array(8);
  call("create a socket pair", "socketpair", AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair);
  return [getWord(pair, 0) as Fd, getWord(pair, 4) as Fd];
}

/** A unix(7) address holds 107 bytes of path; a longer one is reached through the descriptor of its directory. */
function withAddress<T>(path: string, body: (address: Uint8Array) => T): T {
  if (path.length <= 107) return body(unixAddress(path));
  const slash = path.lastIndexOf("/");
  return using(open(path.slice(0, slash), O_PATH | O_DIRECTORY), (directory) =>
    body(unixAddress(`/proc/self/fd/${directory}/${path.slice(slash + 1)}`)),
  );
}

/** An abstract name begins with NUL, and its length is that of the address. */
function unixAddress(path: string): Uint8Array {
  const bytes = new Uint8Array((path.startsWith("\0") ? 2 : 3) + path.length);
  bytes[0] = AF_UNIX;
  encode(bytes, 2, path);
  return bytes;
}

/** A socket of messages, for `listen`. */
export function openSocket(): Fd {
  return call("create a socket", "socket", AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0) as Fd;
}

/** From now on it can be reached by `name`, below the directory `at`. */
export function listen(fd: Fd, at: Fd, name: string): void {
  const where = unixAddress(`/proc/self/fd/${at}/${name}`);
  call(`bind ${name}`, "bind", fd, where, where.length);
  call(`listen on ${name}`, "listen", fd, 1);
}

/** A socket of datagrams at `name` below the directory `at`, to which anybody may send who reaches it. */
export function bindDatagrams(at: Fd, name: string): Fd {
  const fd = call("create a socket", "socket", AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0) as Fd;
  const where = unixAddress(`/proc/self/fd/${at}/${name}`);
  call(`bind ${name}`, "bind", fd, where, where.length);
  call(`chmod ${name}`, "fchmodat", at, name, 0o777);
  return fd;
}

/**
 * The connection, or -errno. Where `milliseconds` are given, connecting and later each send take no longer: EAGAIN says
 * that the server's queue was full until then.
 */
export function tryConnect(path: string, { type = SOCK_STREAM, milliseconds }: Connecting = {}): Fd | number {
  const fd = call("create a socket", "socket", AF_UNIX, type | SOCK_CLOEXEC, 0) as Fd;
  if (milliseconds !== undefined) {
    // struct timeval; all zero would mean no limit.
    const time = longs(Math.floor(milliseconds / 1000), (milliseconds % 1000) * 1000 || 1);
    call("limit the time of a socket", "setsockopt", fd, SOL_SOCKET, SO_SNDTIMEO, time, time.length);
  }
  const result = withAddress(path, (where) => attempt("connect", fd, where, where.length));
  if (result >= 0) return fd;
  attempt("close", fd);
  return result;
}

interface Connecting {
  readonly type?: typeof SOCK_STREAM | typeof SOCK_SEQPACKET | typeof SOCK_DGRAM;
  readonly milliseconds?: number;
}

export function connect(path: string, context: Context): Fd {
  const result = tryConnect(path);
  if (result < 0) throw failure(context, -result);
  return result as Fd;
}

export function send(fd: Fd, text: string, what: string): void {
  call(what, "sendto", fd, toBytes(text), text.length, MSG_NOSIGNAL, null, 0);
}

/** False if nobody is there any more to receive it. */
export function trySend(fd: Fd, text: string, what: string): boolean {
  return hasArrived(attempt("sendto", fd, toBytes(text), text.length, MSG_NOSIGNAL, null, 0), what);
}

function hasArrived(result: number, context: Context | string): boolean {
  if (result === -EPIPE || result === -ECONNRESET) return false;
  if (result < 0) throw failure(context, -result);
  return true;
}

/** The bytes that are there, none at the end of file; undefined where `milliseconds` have passed without one. */
export function receiveSome(fd: Fd, size: number, milliseconds: number): Uint8Array | undefined {
  if (poll([{ fd }], milliseconds) === undefined) return undefined;
  const buffer = new Uint8Array(size);
  const length = attempt("recvfrom", fd, buffer, size, MSG_DONTWAIT, null, null);
  // A connection that the other side has reset has ended too.
  if (length === -ECONNRESET) return new Uint8Array();
  if (length < 0) throw failure("receive from a socket", -length);
  return buffer.subarray(0, length);
}

/** Size of a control message with one descriptor, cmsg(3). */
const CMSG_LENGTH = 20;

/** One message with one descriptor. */
export function sendDescriptor(fd: Fd, text: string, passed: Fd, context: Context | string): void {
  if (trySendMessage(fd, toBytes(text), [passed], context) === undefined) throw failure(context, EPIPE);
}

/** Over a stream, which may take less than all at once: the descriptor comes with the first byte. */
export function sendWithDescriptor(fd: Fd, text: string, passed: Fd, context: Context): void {
  const bytes = toBytes(text);
  const first = trySendMessage(fd, bytes, [passed], context);
  if (first === undefined) throw failure(context, EPIPE);
  for (let sent = first; sent < bytes.length; ) {
    const rest = bytes.subarray(sent);
    sent += call(context, "sendto", fd, rest, rest.length, MSG_NOSIGNAL, null, 0);
  }
}

/** One message with several. False if nobody is there any more to receive it. */
export function trySendDescriptors(
  fd: Fd,
  text: string,
  passed: readonly Fd[],
  context: Context | string,
): boolean {
  return trySendMessage(fd, toBytes(text), passed, context) !== undefined;
}

/** The number of bytes that were taken. */
function trySendMessage(
  fd: Fd,
  payload: Uint8Array,
  passed: readonly Fd[],
  context: Context | string,
): number | undefined {
  const vector = longs(address(payload), payload.length);
  const control = words(16 + passed.length * 4, 0, SOL_SOCKET, SCM_RIGHTS, ...passed);
  const header = longs(0, 0, address(vector), 1, address(control), control.length, 0);
  const sent = attempt("sendmsg", fd, header, MSG_NOSIGNAL);
  return hasArrived(sent, context) ? sent : undefined;
}

export interface Received {
  /** Empty at the end of file. */
  readonly bytes: Uint8Array;
  readonly fd?: Fd;
}

/** One message of up to `size` bytes, with the descriptor that came along. */
export function receive(fd: Fd, what: string, size = 64): Received {
  const payload = new Uint8Array(size);
  const vector = longs(address(payload), payload.length);
  const control = new Uint8Array(32);
  const header = longs(0, 0, address(vector), 1, address(control), control.length, 0);
  const length = call(what, "recvmsg", fd, header, MSG_CMSG_CLOEXEC);
  const bytes = payload.subarray(0, length);
  if (getLong(header, 40) < CMSG_LENGTH) return { bytes };
  return { bytes, fd: getWord(control, 16) as Fd };
}
