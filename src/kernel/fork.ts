// A child with a copy of our memory, which says something and ends.

import { getWord } from "../abi/structs.ts";
import { attempt, call } from "./call.ts";
import { close, openPipe, readAll, using, writeAll } from "./file.ts";

export interface Forked {
  /** 0 in the child. */
  readonly pid: number;
  /** For the child, with a last word. */
  readonly end: (said: string, isWell: boolean) => void;
  /** For the parent, which waits: what the child has said, and whether it said that all went well. */
  readonly hear: () => { readonly said: string; readonly isWell: boolean };
}

export function fork(): Forked {
  const { read, write } = openPipe();
  const pid = call("fork", "fork");
  close(pid === 0 ? read : write);
  return {
    pid,
    end: (said, isWell) => {
      try {
        writeAll(write, said, "speak to the parent");
      } finally {
        attempt("exit_group", isWell ? 0 : 1);
      }
    },
    hear: () => {
      const said = using(read, () => readAll(read, "what a child says"));
      const status = new Uint8Array(8);
      call("wait for a child", "wait4", pid, status, 0, null);
      return { said, isWell: getWord(status, 0) === 0 };
    },
  };
}
