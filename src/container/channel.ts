// The parent's side of the protocol: one message after the other, checked against the table of their order.

import { POLLIN } from "../abi/constants.ts";
import { ECONNRESET, errnoName, errnoText } from "../abi/errno.ts";
import { getWord } from "../abi/structs.ts";
import { RuntError } from "../error.ts";
import type { Fd } from "../kernel/call.ts";
import { type PollEntry, poll } from "../kernel/process.ts";
import { type Received, receive } from "../kernel/socket.ts";
import type { Program } from "../program/instruction.ts";
import { describeInstruction } from "./failure.ts";
import { type Kind, type KindWithDescriptor, MESSAGE, type Message, NEXT, type Point } from "./messages.ts";

/** Milliseconds between two messages: a mount of a network filesystem may take its time. */
const DEADLINE = 120_000;

/** The error of the instruction of this index. */
export type Describe = (instruction: number, errno: number) => RuntError;

export interface Channel {
  readonly fd: Fd;
  /**
   * @param describe what it means if the stage fails now, where it is another thing than at other times
   * @throws RuntError if the stage failed, stopped answering, or said what it may not say now
   */
  readonly next: <K extends Kind>(
    expected: readonly K[],
    describe?: Describe,
  ) => Extract<Message, { readonly kind: K }>;
}

/** @param stage that of `exec`: its child, which nobody has heard of yet, would keep the channel open after its end */
export function openChannel(fd: Fd, describe: Describe, from: Point = "start", stage?: Fd): Channel {
  let state = from;
  return {
    fd,
    next<K extends Kind>(expected: readonly K[], describeNow = describe) {
      const message = read(fd, NEXT[state].includes("process") ? stage : undefined);
      const { kind } = message;
      if (kind === "failure") throw describeNow(message.instruction, message.errno);
      if (!NEXT[state].includes(kind) || !expected.includes(kind as K)) throw unexpected(kind, state);
      if (kind !== "end") state = kind;
      return message as Extract<Message, { readonly kind: K }>;
    },
  };
}

const WITH_DESCRIPTOR: readonly KindWithDescriptor[] = ["passwd", "console", "copyFrom", "copyTo"];

function read(fd: Fd, stage: Fd | undefined): Message {
  const entries: PollEntry[] = [{ fd, events: POLLIN }];
  if (stage !== undefined) entries.push({ fd: stage });
  const ready = poll(entries, DEADLINE);
  if (ready === undefined) {
    throw new RuntError({ what: `the container's process has not answered for ${DEADLINE / 1000} s` });
  }
  // What it has said before it ended is there by now.
  if (ready[0] === 0 && poll([{ fd }], 0) === undefined) return { kind: "end" };
  const received = receiveOrEnd(fd);
  if (received === undefined || received.bytes.length < 4) return { kind: "end" };
  const { bytes, fd: passed } = received;
  switch (getWord(bytes, 0)) {
    case MESSAGE.failure:
      return { kind: "failure", instruction: getWord(bytes, 4), errno: getWord(bytes, 8) };
    case MESSAGE.ready:
      return { kind: "ready" };
    case MESSAGE.seccomp:
      if (bytes.length === 8) return { kind: "seccomp", number: getWord(bytes, 4) };
      break;
    case MESSAGE.process:
      if (bytes.length === 8) return { kind: "process", pid: getWord(bytes, 4) };
      break;
    case MESSAGE.hooks:
      return { kind: "hooks" };
    case MESSAGE.hook:
      return { kind: "hook", index: getWord(bytes, 4) };
    case MESSAGE.ended:
      return { kind: "ended", status: getWord(bytes, 4) };
  }
  const kind = WITH_DESCRIPTOR.find((kind) => MESSAGE[kind] === getWord(bytes, 0));
  if (passed !== undefined) {
    if (kind === "copyFrom" && bytes.length >= 8) return { kind, fd: passed, mount: getWord(bytes, 4) };
    if (kind !== undefined && kind !== "copyFrom") return { kind, fd: passed };
  }
  throw new RuntError({ what: "the container's process sent a message that is not one" });
}

function receiveOrEnd(fd: Fd, isFirst = true): Received | undefined {
  try {
    return receive(fd, "hear from the container's process");
  } catch (error) {
    if (!(error instanceof RuntError) || error.record.errno !== errnoName(ECONNRESET)) throw error;
    // Said once, of a stage that ended before it had read all; what it has said itself comes after.
    return isFirst ? receiveOrEnd(fd, false) : undefined;
  }
}

function unexpected(kind: Kind, state: string): RuntError {
  if (kind !== "end") return new RuntError({ what: `the container's process said ${kind} after ${state}` });
  return new RuntError({
    what: "the container's process ended while it was set up",
    hint: "if its memory is limited, the limit may be too low: see memory.events of its cgroup",
  });
}

/** The error of the instruction that failed, in terms of config.json. */
export function stageFailure(program: Program, index: number, errno: number): RuntError {
  const instruction = program.instructions[index];
  const name = errnoName(errno);
  if (instruction === undefined) return new RuntError({ what: `instruction ${index}`, errno: name });
  const pointer = instruction.pointer === "" ? {} : { pointer: instruction.pointer };
  if (instruction.op === "fail") return new RuntError({ ...pointer, what: instruction.why });
  return new RuntError({
    ...pointer,
    what: describeInstruction(instruction),
    errno: name,
    why: errnoText(name),
  });
}
