// At build time: which pages of the engine's memory a command writes to. A child of ours goes through what commands do,
// and another one looks which pages it does not share any more.

import { O_RDONLY } from "./abi/constants.ts";
import { getWord, words } from "./abi/structs.ts";
import { attempt, call, type Fd } from "./kernel/call.ts";
import { close, open, openPipe, using } from "./kernel/file.ts";
import { fork } from "./kernel/fork.ts";
import { ARENA, onLatePages, PAGE } from "./late_pages.ts";

/** Pages that are looked at at once, 8 MiB, and of all: more than the blocks that lie apart have. */
const PAGES = 2048;
const LAST = 1 << 20;
/** Between two runs: it costs less to have one more page than to ask once more. */
const GAP = 2;

/** pagemap(5): bits 56 (exclusively mapped), 61 (of a file) and 63 (present), in the upper of the two words. */
const EXCLUSIVE = 1 << 24;
const OF_FILE = 1 << 29;
const PRESENT = 0x8000_0000;

/** In as many rehearsals a page has to be written to. What the first container alone needs costs the others memory. */
const OFTEN = 2;
/** From here on are blocks that lie apart, all of which belong together later: native/host/src/arena.rs. */
const APART = (64 << 20) / PAGE;
const [WUNTRACED, SIGSTOP, SIGCONT] = [2, 19, 18];

/** Pairs: the first page, from the beginning of the memory on, and how many. */
export interface HotPages {
  /** Often written to. */
  readonly written: Uint32Array;
  /** The others that are used. */
  readonly read: Uint32Array;
  /** Often written to, but mostly when a stage is on its way. */
  readonly late: Uint32Array<ArrayBuffer>;
}

/** In a child of ours, so that our memory stays as it is. */
export async function findHotPages(rehearsals: readonly (() => Promise<void>)[]): Promise<HotPages> {
  const [written = 0, read = 0, ...runs] = await inChild(async () => {
    const writes = new Map<number, number>();
    const late = new Map<number, number>();
    await perform(rehearsals, (early, all) => {
      const before = early && new Set(early);
      for (const number of all) {
        const page = Math.abs(number);
        const isLate = number < 0 && before !== undefined && !before.has(number);
        writes.set(page, (writes.get(page) ?? 0) + (number < 0 ? 1 : 0));
        late.set(page, (late.get(page) ?? 0) + (isLate ? 1 : 0));
      }
    });
    const isHot = (page: number) => (writes.get(page) ?? 0) >= OFTEN;
    const isLate = (page: number) => page < APART && (late.get(page) ?? 0) * 2 > (writes.get(page) ?? 0);
    const all = [...writes.keys()];
    const hot = runsOf(all.filter((page) => isHot(page) && !isLate(page)));
    const cold = runsOf(all.filter((page) => !isHot(page)));
    return [
      hot.length,
      cold.length,
      ...hot,
      ...cold,
      ...runsOf(all.filter((page) => isHot(page) && isLate(page))),
    ];
  });
  return {
    written: Uint32Array.from(runs.slice(0, written)),
    read: Uint32Array.from(runs.slice(written, written + read)),
    late: Uint32Array.from(runs.slice(written + read)),
  };
}

/** Of a rehearsal what it had touched when a stage was on its way, if there was one, and what it has touched in the end. */
type Seen = (early: readonly number[] | undefined, all: readonly number[]) => void;

/** Each rehearsal has a process of its own, a child of one that has done nothing else: whoever looks changes neither. */
async function perform(rehearsals: readonly (() => Promise<void>)[], seen: Seen): Promise<void> {
  const [events, answers] = [openPipe(), openPipe()];
  if (call("fork", "fork") === 0) {
    try {
      for (const rehearse of rehearsals) await follow(rehearse, events.write, answers.read);
    } finally {
      attempt("exit_group", 0);
    }
  }
  close(events.write);
  const event = new Uint8Array(8);
  let before: (readonly number[])[] = [];
  let ended = 0;
  while (call("wait for a rehearsal", "read", events.read, event, event.length) > 0) {
    const [pid, status] = [getWord(event, 0), getWord(event, 4)];
    if (isStopped(status)) {
      before.push(touchedPages(pid));
    } else {
      if (status !== 0) throw new Error("the rehearsal has failed");
      seen(before.length > 1 ? before[0] : undefined, before.at(-1) ?? []);
      before = [];
      ended += 1;
    }
    call("let the rehearsals go on", "write", answers.write, event, 1);
  }
  if (ended < rehearsals.length) throw new Error("the rehearsals have failed");
}

/** Tells of each stop of the rehearsal, and of its end, and waits until somebody has looked. */
async function follow(rehearse: () => Promise<void>, events: Fd, answers: Fd): Promise<void> {
  const pid = call("fork", "fork");
  if (pid === 0) await stopping(rehearse);
  const status = new Uint8Array(8);
  const byte = new Uint8Array(8);
  do {
    call("wait for a rehearsal", "wait4", pid, status, WUNTRACED, null);
    call("tell of a rehearsal", "write", events, words(pid, getWord(status, 0)), 8);
    call("wait for an answer", "read", answers, byte, 1);
    if (isStopped(getWord(status, 0))) call("let a rehearsal go on", "kill", pid, SIGCONT);
  } while (isStopped(getWord(status, 0)));
}

/** Stops when a stage is on its way, and at the end. */
async function stopping(rehearse: () => Promise<void>): Promise<void> {
  const stop = () => attempt("kill", attempt("getpid"), SIGSTOP);
  let status = 1;
  try {
    onLatePages(stop);
    await rehearse();
    stop();
    status = 0;
  } finally {
    attempt("exit_group", status);
  }
}

/** wait(2) */
function isStopped(status: number): boolean {
  return (status & 0xff) === 0x7f;
}

/** What a child of ours makes of our memory. */
async function inChild(body: () => Promise<readonly number[]>): Promise<readonly number[]> {
  const { pid, end, hear } = fork();
  if (pid === 0) {
    try {
      end((await body()).join(), true);
    } finally {
      end("", false);
    }
  }
  const { said, isWell } = hear();
  if (!isWell || said === "") throw new Error("the rehearsal has failed");
  return said.split(",").map(Number);
}

/** Of those that were written to the negative numbers; the first page always is. */
function touchedPages(pid: number): readonly number[] {
  const found: number[] = [];
  using(open(`/proc/${pid}/pagemap`, O_RDONLY), (fd) => {
    const map = new Uint8Array(PAGES * 8);
    for (let first = 0; first < LAST; first += PAGES) {
      call("read the page map", "pread64", fd, map, map.length, (ARENA / PAGE + first) * 8);
      for (let page = 0; page < PAGES; page++) {
        const entry = getWord(map, page * 8 + 4);
        if ((entry & PRESENT) === 0) continue;
        const isWritten = (entry & EXCLUSIVE) !== 0 && (entry & OF_FILE) === 0;
        found.push(isWritten ? -(first + page) : first + page);
      }
    }
  });
  return found;
}

function runsOf(pages: readonly number[]): readonly number[] {
  const runs: number[] = [];
  for (const page of pages.toSorted((a, b) => a - b)) {
    const [first = 0, count = 0] = runs.slice(-2);
    if (runs.length > 0 && page - first - count <= GAP) runs[runs.length - 1] = page - first + 1;
    else runs.push(page, 1);
  }
  return runs;
}
