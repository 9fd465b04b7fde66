// The stage's side of the protocol, as instructions.

import { SCM_RIGHTS, SOL_SOCKET } from "../abi/constants.ts";
import { ECONNABORTED, EINTR } from "../abi/errno.ts";
import { longs, words } from "../abi/structs.ts";
import { type Builder, branch, data, field, inherited } from "../program/builder.ts";
import type { Data, Register } from "../program/instruction.ts";
import { MESSAGE } from "./messages.ts";

/** Names of the descriptors that the stage inherits. */
export const CHANNEL = "channel";
export const LISTENER = "listener";

/** Size of a control message with one descriptor, cmsg(3). */
const CMSG_LENGTH = 20;

export function compileSend(b: Builder, channel: Register, kind: "ready"): void {
  b.call("sendto", [channel, data(words(MESSAGE[kind]), "message"), 4, 0, null, 0]);
}

/** sendmsg(2) with the descriptor in `fd`. */
export function compileSendDescriptor(
  b: Builder,
  channel: Register,
  kind: "passwd" | "console",
  fd: Register,
): void {
  const message = data(words(MESSAGE[kind]), "message");
  const vector = data(longs(0, 4), "iovec", [{ at: 0, to: message }]);
  const control = data(words(CMSG_LENGTH, 0, SOL_SOCKET, SCM_RIGHTS, 0, 0), "cmsg");
  const header = data(longs(0, 0, 0, 1, 0, 24, 0), "msghdr", [
    { at: 16, to: vector },
    { at: 32, to: control },
  ]);
  b.poke(field(control, 16), fd, 4);
  b.call("sendmsg", [channel, header, 0]);
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
