// What the stage of `exec` asks of its parent, until it has put the process into the container.

import { type Fd, failure } from "../kernel/call.ts";
import { using } from "../kernel/file.ts";
import type { Process } from "../spec/types.ts";
import type { Channel } from "./channel.ts";
import { answerWith, hasHome, readHome } from "./home.ts";
import type { Message } from "./messages.ts";
import type { Stage } from "./spawn.ts";

export interface Conversation {
  /** What the process waits for. */
  readonly answer: string;
  readonly child: Extract<Message, { readonly kind: "process" }>;
}

export interface Partner {
  readonly stage: Stage;
  readonly channel: Channel;
}

/** @param early takes the answer as soon as it is known */
export function converse(
  process: Process,
  partner: Partner,
  onConsole: (master: Fd) => void,
  early: ((answer: string) => void) | undefined,
): Conversation {
  let answer = answerWith("/", process);
  if (hasHome(process)) early?.(answer);
  for (;;) {
    const message = hear(partner);
    switch (message.kind) {
      case "passwd":
        answer = answerWith(
          using(message.fd as Fd, (fd) => readHome(fd, process.user.uid)),
          process,
        );
        early?.(answer);
        break;
      case "console":
        onConsole(message.fd as Fd);
        break;
      case "process":
        return { answer, child: message };
    }
  }
}

/** A stage that was never executed has said nothing. */
function hear({ stage, channel }: Partner) {
  try {
    return channel.next(["passwd", "console", "process"]);
  } catch (error) {
    const failed = stage.failedCall();
    if (failed !== undefined) throw failure("execute the stage in the container's cgroup", failed.errno);
    throw error;
  }
}
