// At build time: which pages of the engine's memory a command writes to. A child of ours goes through what commands do,
// and looks which pages it does not share with us any more.

import { O_RDONLY } from "./abi/constants.ts";
import { getWord } from "./abi/structs.ts";
import { attempt, call } from "./kernel/call.ts";
import { close, open, openPipe, readAll, toBytes, using } from "./kernel/file.ts";

/** native/host/src/arena.rs */
const ARENA = 0x1000_0000_0000;
const PAGE = 4096;
/** Pages that are looked at, 8 MiB: more than any command has. */
const PAGES = 2048;
/** Between two runs: it costs less to have one more page than to ask once more. */
const GAP = 2;

/** pagemap(5): bits 56 (exclusively mapped) and 63 (present), in the upper of the two words. */
const EXCLUSIVE = 1 << 24;
const PRESENT = 0x8000_0000;

/** Pairs: the first page, from the beginning of the memory on, and how many. */
export function hotPages(rehearse: () => void): Uint32Array {
  const { read, write } = openPipe();
  const child = call("fork", "fork");
  if (child === 0) {
    try {
      rehearse();
      const text = runsOf(exclusivePages()).join();
      call("report the pages", "write", write, toBytes(text), text.length);
      attempt("exit_group", 0);
    } finally {
      attempt("exit_group", 1);
    }
  }
  close(write);
  const text = using(read, () => readAll(read, "the pages"));
  const status = new Uint8Array(8);
  call("wait for the rehearsal", "wait4", child, status, 0, null);
  if (getWord(status, 0) !== 0 || text === "") throw new Error("the rehearsal has failed");
  return Uint32Array.from(text.split(","), Number);
}

function exclusivePages(): readonly number[] {
  const map = new Uint8Array(PAGES * 8);
  using(open("/proc/self/pagemap", O_RDONLY), (fd) => {
    call("read the page map", "pread64", fd, map, map.length, (ARENA / PAGE) * 8);
  });
  const wanted = EXCLUSIVE + PRESENT;
  return Array.from({ length: PAGES }, (_, page) => page).filter(
    (page) => (getWord(map, page * 8 + 4) & wanted) >>> 0 === wanted,
  );
}

function runsOf(pages: readonly number[]): readonly number[] {
  const runs: number[] = [];
  for (const page of pages) {
    const [first = 0, count = 0] = runs.slice(-2);
    if (runs.length > 0 && page - first - count <= GAP) runs[runs.length - 1] = page - first + 1;
    else runs.push(page, 1);
  }
  return runs;
}
