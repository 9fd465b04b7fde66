// Messages of rtnetlink(7) as bytes, as far as a device and its addresses need them.

import { getWord, words } from "./structs.ts";

export const RTM_NEWLINK = 16;
export const RTM_GETLINK = 18;
export const RTM_NEWADDR = 20;
export const RTM_GETADDR = 22;
export const NLMSG_ERROR = 2;
export const NLMSG_DONE = 3;

export const NLM_F_REQUEST = 1;
export const NLM_F_ACK = 4;
export const NLM_F_EXCL = 0x200;
export const NLM_F_DUMP = 0x300;
export const NLM_F_CREATE = 0x400;

export const IFLA_IFNAME = 3;
export const IFLA_NET_NS_FD = 28;
const IFA_ADDRESS = 1;
const IFA_LOCAL = 2;
const IFA_BROADCAST = 4;
const IFA_FLAGS = 8;
const IFA_RT_PRIORITY = 9;
/** What is set again where the device goes. Its label would be the old name, its age begins anew. */
const KEPT = [IFA_ADDRESS, IFA_LOCAL, IFA_BROADCAST, IFA_FLAGS, IFA_RT_PRIORITY];
const IFA_F_PERMANENT = 0x80;
const RT_SCOPE_UNIVERSE = 0;

/** nlmsghdr, ifaddrmsg, rtattr: their sizes. */
const HEADER = 16;
const ADDRESS = 8;
const ATTRIBUTE = 4;

export interface Attribute {
  readonly type: number;
  readonly value: Uint8Array;
}

export interface Message {
  readonly type: number;
  readonly sequence: number;
  /** Behind the header. */
  readonly body: Uint8Array;
}

export interface Link {
  readonly index: number;
  /** IFF_UP and others. */
  readonly flags: number;
}

export interface Address {
  readonly index: number;
  readonly isGlobal: boolean;
  readonly isPermanent: boolean;
  /** `struct ifaddrmsg`, in which the index is that of the device. */
  readonly header: Uint8Array;
  readonly attributes: readonly Attribute[];
}

const align = (length: number) => (length + 3) & ~3;

/** `struct ifinfomsg`; `change` says which flags count. */
export function linkHeader(index: number, flags = 0, change = 0): Uint8Array {
  return words(0, index, flags, change);
}

export function text(type: number, value: string): Attribute {
  return { type, value: Uint8Array.from([...value, "\0"], (char) => char.charCodeAt(0)) };
}

export function word(type: number, value: number): Attribute {
  return { type, value: words(value) };
}

export function encodeMessage(
  type: number,
  flags: number,
  sequence: number,
  header: Uint8Array,
  attributes: readonly Attribute[] = [],
): Uint8Array {
  const size = (length: number, { value }: Attribute) => length + align(ATTRIBUTE + value.length);
  const message = new Uint8Array(attributes.reduce(size, HEADER + header.length));
  message.set(words(message.length, type | ((flags | NLM_F_REQUEST) << 16), sequence, 0));
  message.set(header, HEADER);
  let at = HEADER + header.length;
  for (const { type, value } of attributes) {
    message.set(words((ATTRIBUTE + value.length) | (type << 16)), at);
    message.set(value, at + ATTRIBUTE);
    at += align(ATTRIBUTE + value.length);
  }
  return message;
}

/** The messages of one datagram. One that claims to be longer than what is there ends it. */
export function decodeMessages(bytes: Uint8Array): readonly Message[] {
  const messages: Message[] = [];
  for (let at = 0; at + HEADER <= bytes.length; ) {
    const length = getWord(bytes, at);
    if (length < HEADER || at + length > bytes.length) break;
    const body = bytes.subarray(at + HEADER, at + length);
    messages.push({ type: getWord(bytes, at + 4) & 0xffff, sequence: getWord(bytes, at + 8), body });
    at += align(length);
  }
  return messages;
}

/** Of an NLMSG_ERROR; 0 is an acknowledgement. */
export function errnoOf({ body }: Message): number {
  return -(getWord(body, 0) | 0);
}

export function decodeLink({ body }: Message): Link {
  return { index: getWord(body, 4), flags: getWord(body, 8) };
}

export function decodeAddress({ body }: Message): Address {
  const attributes = decodeAttributes(body.subarray(ADDRESS));
  const flags = attributes.find(({ type }) => type === IFA_FLAGS);
  return {
    index: getWord(body, 4),
    isGlobal: body[3] === RT_SCOPE_UNIVERSE,
    isPermanent:
      ((flags === undefined ? (body[2] as number) : getWord(flags.value, 0)) & IFA_F_PERMANENT) !== 0,
    header: body.slice(0, ADDRESS),
    attributes: attributes.filter(({ type }) => KEPT.includes(type)),
  };
}

/** The same address on another device. */
export function addressOn(index: number, { header }: Address): Uint8Array {
  const moved = header.slice();
  moved.set(words(index), 4);
  return moved;
}

function decodeAttributes(bytes: Uint8Array): readonly Attribute[] {
  const attributes: Attribute[] = [];
  for (let at = 0; at + ATTRIBUTE <= bytes.length; ) {
    const first = getWord(bytes, at);
    const length = first & 0xffff;
    if (length < ATTRIBUTE || at + length > bytes.length) break;
    attributes.push({ type: (first >>> 16) & 0x3fff, value: bytes.slice(at + ATTRIBUTE, at + length) });
    at += align(length);
  }
  return attributes;
}
