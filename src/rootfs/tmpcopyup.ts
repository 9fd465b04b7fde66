// The option `tmpcopyup`: a tmpfs that begins with what is in the directory that it covers. The stage has no loops: it
// hands both to its parent, before the tmpfs is where anybody else could see it.

import { O_DIRECTORY, O_RDONLY } from "../abi/constants.ts";
import type { Builder } from "../program/builder.ts";
import type { Register } from "../program/instruction.ts";
import { how } from "./structures.ts";

/** Has `from` copied to `to`, for `mounts[mount]`. */
export type CopyTree = (from: Register, to: Register, mount: number) => void;

export type Copy = (from: Register, to: Register) => void;

/** @param covered O_PATH descriptor of the directory */
export function compileCopyUp(b: Builder, covered: Register, mount: Register, copy: Copy): void {
  b.scratch("from", (from) => {
    b.scratch("to", (to) => {
      openToRead(b, covered, from);
      openToRead(b, mount, to);
      copy(from, to);
      b.call("close", [to]);
      b.call("close", [from]);
    });
  });
}

function openToRead(b: Builder, directory: Register, into: Register): void {
  b.call("openat2", [directory, ".", how(O_RDONLY | O_DIRECTORY, true), 24], { into });
}
