// The stage's side of the protocol, as instructions.

import { SCM_RIGHTS, SOL_SOCKET } from "../abi/constants.ts";
import { ECONNABORTED, EINTR } from "../abi/errno.ts";
import { longs, words } from "../abi/structs.ts";
import { type Builder, branch, data, field, inherited } from "../program/builder.ts";
import type { Data, Register } from "../program/instruction.ts";
import { type KindWithDescriptor, MESSAGE } from "./messages.ts";

/** Names of the descriptors that the stage inherits. */
export const CHANNEL = "channel";
export const LISTENER = "listener";

/** Size of a control message with one descriptor, cmsg(3). */
const CMSG_LENGTH = 20;

export function compileSend(b: Builder, channel: Register, kind: "ready" | "hooks"): void {
  b.call("sendto", [channel, data(words(MESSAGE[kind]), "message"), 4, 0, null, 0]);
}

/** sendmsg(2) with the descriptor in `fd`, and with numbers that say what it is about. */
export function compileSendDescriptor(
  b: Builder,
  channel: Register,
  kind: KindWithDescriptor,
  fd: Register,
  about: readonly (number | Register)[] = [],
): void {
  const content = words(MESSAGE[kind], ...about.map((value) => (typeof value === "number" ? value : 0)));
  const message = data(content, "message");
  about.forEach((value, index) => {
    if (typeof value !== "number") b.poke(field(message, 4 + 4 * index), value, 4);
  });
  const vector = data(longs(0, content.length), "iovec", [{ at: 0, to: message }]);
  const control = data(words(CMSG_LENGTH, 0, SOL_SOCKET, SCM_RIGHTS, 0, 0), "cmsg");
  const header = data(longs(0, 0, 0, 1, 0, 24, 0), "msghdr", [
    { at: 16, to: vector },
    { at: 32, to: control },
  ]);
  b.poke(field(control, 16), fd, 4);
  b.call("sendmsg", [channel, header, 0]);
}

/** A number: that of a process, or what wait(2) says of its end. */
export function compileSendAbout(
  b: Builder,
  channel: Register,
  kind: "process" | "ended",
  number: Register,
): void {
  b.call("sendto", [channel, numberMessage(b, kind, number), 8, 0, null, 0]);
}

/** Has the parent copy a tree for `mounts[mount]`, and waits until it has. */
export function compileCopy(
  b: Builder,
  channel: Register,
  from: Register,
  to: Register,
  mount: number,
): void {
  compileSendDescriptor(b, channel, "copyFrom", from, [mount]);
  compileSendDescriptor(b, channel, "copyTo", to);
  compileAwaitGo(b, channel, data(new Uint8Array(8), "byte"), 1);
}

/** write(2) is what runc's own profiles have to allow, and what none may have an agent decide: spec/seccomp.ts. */
export function compileSendNumber(b: Builder, channel: Register, kind: "seccomp", number: Register): void {
  b.call("write", [channel, numberMessage(b, kind, number), 8]);
}

/** Of 8 bytes. */
function numberMessage(b: Builder, kind: keyof typeof MESSAGE, number: Register): Data {
  const message = data(words(MESSAGE[kind], 0), "message");
  b.poke(field(message, 4), number, 4);
  return message;
}

/** Waits for GO, whose text goes to `into`. A parent that died says nothing: there is nobody to report to either. */
export function compileAwaitGo(b: Builder, channel: Register, into: Data, size: number): void {
  const go = b.label();
  b.scratch("received", (received) => {
    b.call("recvfrom", [channel, into, size], { into: received });
    b.jumpIf(received, "!=", 0, go);
  });
  b.exit(1);
  b.place(go);
}

/** Waits for `start`, which connects, says one byte, and listens until execve has closed the connection. */
export function compileAwaitStart(b: Builder, report: Register): void {
  const accept = b.label();
  const again = b.label();
  const go = b.label();
  b.call("close", [report]);
  b.place(accept);
  b.call("accept4", [inherited(LISTENER), null, null, 0o2000000], {
    into: report,
    on: [branch(EINTR, accept), branch(ECONNABORTED, accept)],
  });
  b.scratch("received", (received) => {
    const byte = data(new Uint8Array(8), "byte");
    b.call("recvfrom", [report, byte, 1], { into: received, on: [branch("any", again)] });
    b.jumpIf(received, "==", 1, go);
  });
  b.place(again);
  b.call("close", [report]);
  b.jump(accept);
  b.place(go);
}
