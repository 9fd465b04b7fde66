// The freezer of cgroup v2, which every cgroup has: cgroup.freeze asks, cgroup.events tells when all processes have
// stopped. A cgroup that could not be frozen is thawed again.

import { O_DIRECTORY, O_RDONLY, O_WRONLY, POLLPRI } from "../abi/constants.ts";
import { ENODEV, ENOENT } from "../abi/errno.ts";
import { RuntError } from "../error.ts";
import { attempt, type Fd, failure } from "../kernel/call.ts";
import { openIfExists, using } from "../kernel/file.ts";
import { now, poll } from "../kernel/process.ts";
import { isPopulated, listPids, readFromStart } from "./cgroupfs.ts";

/** Milliseconds for all processes to stop. Only one in an uninterruptible sleep takes longer. */
const FREEZE_DEADLINE = 10_000;

/** @throws RuntError; then the cgroup is thawed */
export function freezeCgroup(path: string): void {
  const directory = openIfExists(path, O_RDONLY | O_DIRECTORY);
  if (directory === undefined) throw hasEnded();
  using(directory, () => {
    const events = openIfExists("cgroup.events", O_RDONLY, directory);
    if (events === undefined) throw hasEnded();
    using(events, () => {
      write(directory, "1", path);
      try {
        awaitFrozen(events, path);
      } catch (error) {
        write(directory, "0", path);
        throw error;
      }
    });
  });
}

/** Processes go on at once. In a cgroup that is gone there are none. */
export function thawCgroup(path: string): void {
  const directory = openIfExists(path, O_RDONLY | O_DIRECTORY);
  if (directory !== undefined) using(directory, () => write(directory, "0", path));
}

function write(directory: Fd, value: "0" | "1", path: string): void {
  const context = `write ${value} to ${path}/cgroup.freeze`;
  const fd = openIfExists("cgroup.freeze", O_WRONLY, directory);
  const result = fd === undefined ? -ENOENT : using(fd, () => attempt("write", fd, value, 1));
  if (result >= 0) return;
  if (result !== -ENODEV && result !== -ENOENT) throw failure(context, -result);
  // It is being removed: nobody is left in it.
  if (value === "1") throw hasEnded();
}

/** An empty cgroup is frozen at once, and not what was asked for. */
function awaitFrozen(events: Fd, path: string): void {
  const deadline = now() + FREEZE_DEADLINE;
  for (;;) {
    const text = readFromStart(events);
    if (!isPopulated(text)) throw hasEnded();
    if (text.includes("frozen 1")) return;
    const changed = poll([{ fd: events, events: POLLPRI }], Math.max(0, deadline - now()));
    if (changed === undefined) throw stillRunning(path);
  }
}

function hasEnded(): RuntError {
  return new RuntError({ what: "container process already exited" });
}

function stillRunning(path: string): RuntError {
  return new RuntError({
    what: `timeout of ${FREEZE_DEADLINE / 1000} s reached waiting for the cgroup to freeze: processes ${listPids(path)}`,
    hint: "one of them waits in the kernel for a device or a server; the container goes on",
  });
}
