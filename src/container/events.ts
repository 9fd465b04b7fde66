// `events`: what a container uses, from time to time, and that the kernel has killed in it for want of memory. The
// cgroup's own files tell when: nothing is asked twice.

import { O_DIRECTORY, O_RDONLY, POLLPRI } from "../abi/constants.ts";
import { isPopulated, readFromStart } from "../cgroups/cgroupfs.ts";
import { parseOomKills, type Stats } from "../cgroups/stats/parse.ts";
import { readStats } from "../cgroups/stats/read.ts";
import { RuntError } from "../error.ts";
import { openIfExists, using } from "../kernel/file.ts";
import { now, type PollEntry, poll } from "../kernel/process.ts";
import { LEGAL, requireCgroup } from "./record.ts";
import { requireRecord, type Store, statusOf } from "./store.ts";

/** Path of its cgroup. @throws RuntError if it has stopped */
export function cgroupOfRunning(store: Store, id: string): string {
  const record = requireRecord(store, id);
  if (LEGAL.events.includes(statusOf(store, record))) return requireCgroup(record);
  throw notRunning(id);
}

/** @throws RuntError if it has stopped, or stops meanwhile */
export function containerStats(store: Store, id: string): Stats {
  const stats = readStats(cgroupOfRunning(store, id));
  if (stats === undefined) throw notRunning(id);
  return stats;
}

function notRunning(id: string): RuntError {
  return new RuntError({
    what: `container with id ${id} is not running`,
    hint: `runt state ${id} shows its status`,
  });
}

export interface Watcher {
  readonly onStats: (stats: Stats) => void;
  readonly onOom: () => void;
}

/**
 * Until the last process has ended.
 *
 * @param interval milliseconds between two statistics
 */
export function watchContainer(cgroup: string, interval: number, watcher: Watcher): void {
  const directory = openIfExists(cgroup, O_RDONLY | O_DIRECTORY);
  if (directory === undefined) return;
  using(directory, () => {
    const events = openIfExists("cgroup.events", O_RDONLY, directory);
    if (events === undefined) return;
    // Not there without the memory controller: then nothing is killed for its limits.
    const memory = openIfExists("memory.events", O_RDONLY, directory);
    const readKills = () => (memory === undefined ? 0n : parseOomKills(readFromStart(memory)));
    const entries: readonly PollEntry[] = [events, ...(memory === undefined ? [] : [memory])].map((fd) => ({
      fd,
      events: POLLPRI,
    }));
    let kills = readKills();
    for (let next = now() + interval; ; ) {
      // Read before each wait: the kernel compares with what was read last.
      const populated = isPopulated(readFromStart(events));
      const killed = readKills();
      if (killed > kills) watcher.onOom();
      kills = killed;
      if (!populated) return;
      const changed = poll(entries, Math.max(0, next - now())) !== undefined;
      if (changed && now() < next) continue;
      const stats = readStats(cgroup);
      if (stats !== undefined) watcher.onStats(stats);
      // Intervals that have passed meanwhile are left out.
      next = Math.max(next + interval, now());
    }
  });
}
