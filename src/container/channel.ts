// The parent's side of the protocol: one message after the other, checked against the table of their order.

import { POLLIN } from "../abi/constants.ts";
import { ECONNRESET, errnoName, errnoText } from "../abi/errno.ts";
import { getWord } from "../abi/structs.ts";
import { RuntError } from "../error.ts";
import type { Fd } from "../kernel/call.ts";
import { poll } from "../kernel/process.ts";
import { receive } from "../kernel/socket.ts";
import type { Program } from "../program/instruction.ts";
import { describeInstruction } from "./failure.ts";
import { type Kind, MESSAGE, type Message, NEXT } from "./messages.ts";

/** Milliseconds between two messages: a mount of a network filesystem may take its time. */
const DEADLINE = 120_000;

export interface Channel {
  /** @throws RuntError if the stage failed, stopped answering, or said what it may not say now */
  readonly next: (expected: readonly Kind[]) => Message;
}

export function openChannel(fd: Fd, program: Program): Channel {
  let state: keyof typeof NEXT = "start";
  return {
    next(expected) {
      const message = read(fd);
      if (message.kind === "failure") throw stageFailure(program, message.instruction, message.errno);
      if (!NEXT[state].includes(message.kind) || !expected.includes(message.kind)) {
        throw unexpected(message.kind, state);
      }
      if (message.kind !== "end") state = message.kind;
      return message;
    },
  };
}

function read(fd: Fd): Message {
  if (poll([{ fd, events: POLLIN }], DEADLINE) === undefined) {
    throw new RuntError({ what: `the container's process has not answered for ${DEADLINE / 1000} s` });
  }
  const received = receiveOrEnd(fd);
  if (received === undefined || received.bytes.length < 4) return { kind: "end" };
  const { bytes, fd: passed } = received;
  switch (getWord(bytes, 0)) {
    case MESSAGE.failure:
      return { kind: "failure", instruction: getWord(bytes, 4), errno: getWord(bytes, 8) };
    case MESSAGE.ready:
      return { kind: "ready" };
    case MESSAGE.passwd:
      if (passed !== undefined) return { kind: "passwd", fd: passed };
      break;
    case MESSAGE.console:
      if (passed !== undefined) return { kind: "console", fd: passed };
      break;
  }
  throw new RuntError({ what: "the container's process sent a message that is not one" });
}

function receiveOrEnd(fd: Fd) {
  try {
    return receive(fd, "hear from the container's process");
  } catch (error) {
    if (error instanceof RuntError && error.record.errno === errnoName(ECONNRESET)) return undefined;
    throw error;
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
