// src/container/channel.ts, whose listener may be killed after each message.

import { type Channel, openChannel as open } from "../../../src/container/channel.ts";
import { killPoint } from "./fault.ts";

// biome-ignore lint/performance/noBarrelFile: the module as it is, with one function around its own.
export * from "../../../src/container/channel.ts";

export function openChannel(...args: Parameters<typeof open>): Channel {
  const channel = open(...args);
  return {
    fd: channel.fd,
    next: (...what) => {
      const message = channel.next(...what);
      killPoint(message.kind);
      return message;
    },
  };
}
