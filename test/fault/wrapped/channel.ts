// src/container/channel.ts, whose listener may be killed after each message.

import { type Channel, openChannel as open } from "../../../src/container/channel.ts";
import type { Fd } from "../../../src/kernel/call.ts";
import type { Program } from "../../../src/program/instruction.ts";
import { killPoint } from "./fault.ts";

// biome-ignore lint/performance/noBarrelFile: the module as it is, with one function around its own.
export * from "../../../src/container/channel.ts";

export function openChannel(fd: Fd, program: Program): Channel {
  const channel = open(fd, program);
  return {
    next: (expected) => {
      const message = channel.next(expected);
      killPoint(message.kind);
      return message;
    },
  };
}
