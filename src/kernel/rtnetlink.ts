// A conversation with the network stack of one namespace: a request, and its answers until the last one.

import { AF_NETLINK, SOCK_CLOEXEC, SOCK_RAW } from "../abi/constants.ts";
import { EPROTO } from "../abi/errno.ts";
import {
  type Attribute,
  decodeMessages,
  encodeMessage,
  errnoOf,
  type Message,
  NLM_F_ACK,
  NLMSG_DONE,
  NLMSG_ERROR,
} from "../abi/rtnetlink.ts";
import { RuntError } from "../error.ts";
import { type Context, call, type Fd, failure } from "./call.ts";
import { receiveSome } from "./socket.ts";

const LARGEST = 65536;
const DEADLINE = 30_000;

let sequence = 0;

export function openRtnetlink(): Fd {
  return call("create a netlink socket", "socket", AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, 0) as Fd;
}

/** @throws RuntError with the errno of the answer */
export function ask(
  socket: Fd,
  context: Context,
  type: number,
  flags: number,
  header: Uint8Array,
  attributes: readonly Attribute[] = [],
): readonly Message[] {
  sequence += 1;
  const request = encodeMessage(type, flags | NLM_F_ACK, sequence, header, attributes);
  call(context, "sendto", socket, request, request.length, 0, null, 0);
  const answers: Message[] = [];
  for (;;) {
    const bytes = receiveSome(socket, LARGEST, DEADLINE);
    if (bytes === undefined) {
      throw new RuntError({ ...context, why: `the kernel has not answered for ${DEADLINE / 1000} s` });
    }
    const messages = decodeMessages(bytes);
    if (messages.length === 0) throw failure(context, EPROTO);
    for (const message of messages) {
      if (message.sequence !== sequence) continue;
      if (message.type === NLMSG_DONE) return answers;
      if (message.type !== NLMSG_ERROR) answers.push(message);
      else if (errnoOf(message) !== 0) throw failure(context, errnoOf(message));
      else return answers;
    }
  }
}
