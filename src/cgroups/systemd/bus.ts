// A connection to a bus, or to systemd itself: calls go out together when somebody waits, answers are told apart by their
// serial, and signals that are wanted are kept. Whatever is waited for, it ends with the deadline of the connection.

import { decode } from "runt:host";
import { MSG_NOSIGNAL } from "../../abi/constants.ts";
import { EAGAIN, ECONNRESET, EPIPE } from "../../abi/errno.ts";
import { RuntError } from "../../error.ts";
import { attempt, type Fd, failure } from "../../kernel/call.ts";
import { close, toBytes } from "../../kernel/file.ts";
import { now } from "../../kernel/process.ts";
import { receiveSome } from "../../kernel/socket.ts";
import { BusError, disconnected, unanswered } from "./bus_error.ts";
import { AUTHENTICATION, authenticated } from "./dbus/authentication.ts";
import {
  decodeMessage,
  ERROR,
  encodeMethodCall,
  METHOD_RETURN,
  type Message,
  type MethodCall,
  messageLength,
  readBody,
  SIGNAL,
} from "./dbus/message.ts";
import type { Value } from "./dbus/value.ts";

/** Of a read, in bytes. */
const CHUNK = 4096;
/** More signals that are wanted than this are not for us. */
const MAX_SIGNALS = 64;

export interface Reply {
  readonly values: readonly Value[];
  /** Name of who has answered; absent without a bus. */
  readonly sender?: string;
}

export interface Bus {
  /** Queues a call. An error that answers it is thrown by whatever is waited for next. */
  readonly send: (call: MethodCall, doing: string) => number;
  /** Waits for the answer to that serial, whose body must have these types. @throws BusError */
  readonly reply: (serial: number, signature: string) => Reply;
  /** Which signals are kept from now on. */
  readonly want: (wanted: (signal: Message) => boolean) => void;
  /** The oldest signal that was kept, waiting for one if need be. */
  readonly signal: (doing: string) => Message;
  readonly close: () => void;
}

interface State {
  readonly fd: Fd;
  /** Milliseconds of the monotonic clock. */
  readonly deadline: number;
  readonly outgoing: Uint8Array[];
  incoming: Uint8Array;
  isAuthenticated: boolean;
  serial: number;
  /** What each call that was not answered yet does. */
  readonly unanswered: Map<number, string>;
  readonly signals: Message[];
  wanted: (signal: Message) => boolean;
}

/** @param deadline in milliseconds of the monotonic clock, for all that is waited for */
export function openBus(fd: Fd, deadline: number): Bus {
  const state: State = {
    fd,
    deadline,
    outgoing: [],
    incoming: new Uint8Array(),
    isAuthenticated: false,
    serial: 0,
    unanswered: new Map(),
    signals: [],
    wanted: () => false,
  };
  return {
    send: (call, doing) => {
      const serial = ++state.serial;
      state.outgoing.push(encodeMethodCall(call, serial));
      state.unanswered.set(serial, doing);
      return serial;
    },
    reply: (serial, signature) => awaitReply(state, serial, signature),
    want: (wanted) => {
      state.wanted = wanted;
    },
    signal: (doing) => {
      for (;;) {
        const kept = state.signals.shift();
        if (kept !== undefined) return kept;
        receive(state, doing);
      }
    },
    close: () => close(fd),
  };
}

function awaitReply(state: State, serial: number, signature: string): Reply {
  const doing = state.unanswered.get(serial) ?? "wait for an answer";
  for (;;) {
    const message = receive(state, doing);
    if (message.type !== METHOD_RETURN || message.replySerial !== serial) continue;
    const values = readBody(message, signature);
    return { values, ...(message.sender !== undefined && { sender: message.sender }) };
  }
}

/** One message; what is not asked for, like a call of our own methods, is none of our business. */
function receive(state: State, doing: string): Message {
  if (!state.isAuthenticated) authenticate(state, doing);
  sendAll(state, state.outgoing.splice(0), doing);
  const message = nextMessage(state, doing);
  if (message.type === SIGNAL && state.wanted(message)) {
    if (state.signals.length === MAX_SIGNALS) throw new RuntError({ what: doing, why: "too many signals" });
    state.signals.push(message);
  }
  const { replySerial } = message;
  if (replySerial === undefined || (message.type !== METHOD_RETURN && message.type !== ERROR)) return message;
  const answered = state.unanswered.get(replySerial);
  if (answered === undefined) return { ...message, type: 0 };
  state.unanswered.delete(replySerial);
  if (message.type === ERROR) throw new BusError(answered, message);
  return message;
}

function nextMessage(state: State, doing: string): Message {
  for (;;) {
    const length = messageLength(state.incoming);
    if (length !== undefined && state.incoming.length >= length) {
      const message = decodeMessage(state.incoming.slice(0, length));
      state.incoming = state.incoming.slice(length);
      return message;
    }
    receiveMore(state, Math.max((length ?? 0) - state.incoming.length, CHUNK), doing);
  }
}

/** systemd itself would not look at a message that came together with the lines before it. */
function authenticate(state: State, doing: string): void {
  sendAll(state, [toBytes(AUTHENTICATION)], doing);
  for (;;) {
    const length = authenticated(decode(state.incoming, 0, state.incoming.length));
    if (length !== undefined) {
      state.isAuthenticated = true;
      state.incoming = state.incoming.slice(length);
      return;
    }
    receiveMore(state, CHUNK, doing);
  }
}

function receiveMore(state: State, size: number, doing: string): void {
  const bytes = receiveSome(state.fd, size, Math.max(0, state.deadline - now()));
  if (bytes === undefined) throw unanswered(doing);
  if (bytes.length === 0) throw disconnected(doing);
  state.incoming = joined([state.incoming, bytes]);
}

function sendAll({ fd }: State, parts: readonly Uint8Array[], doing: string): void {
  const bytes = joined(parts);
  for (let sent = 0; sent < bytes.length; ) {
    const part = bytes.subarray(sent);
    const result = attempt("sendto", fd, part, part.length, MSG_NOSIGNAL, null, 0);
    if (result === -EAGAIN) throw unanswered(doing);
    if (result === -EPIPE || result === -ECONNRESET) throw disconnected(doing);
    if (result < 0) throw failure(doing, -result);
    sent += result;
  }
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
