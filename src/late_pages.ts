// Pages of the engine's memory that are written to only when the stage is on its way. They are made while the kernel makes its
// process, and not before; src/hot_pages.ts tells the build which they are.

import { MADV_POPULATE_WRITE } from "./abi/constants.ts";
import { attempt } from "./kernel/call.ts";

/** Where the memory begins: native/host/src/arena.rs. */
export const ARENA = 0x1000_0000_0000;
export const PAGE = 4096;

/** Pairs: the first page, from the beginning of the memory on, and how many. */
let late = new Uint32Array(0);
/** Of a rehearsal. */
let notice = () => {};

export function setLatePages(runs: Uint32Array<ArrayBuffer>): void {
  late = runs;
}

/** @param tell called when a stage is on its way */
export function onLatePages(tell: () => void): void {
  notice = tell;
}

/** A kernel that does not know the advice (before 5.14) makes them one by one, when they are written to. */
export function populateLatePages(): void {
  notice();
  for (let at = 0; at < late.length; at += 2) {
    attempt(
      "madvise",
      ARENA + (late[at] as number) * PAGE,
      (late[at + 1] as number) * PAGE,
      MADV_POPULATE_WRITE,
    );
  }
}
