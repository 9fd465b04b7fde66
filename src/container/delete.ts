// `delete`: what `create` has made is taken away again. With --force from any state that a killed runtime may have
// left behind, as often as it is called.

import { POLLIN } from "../abi/constants.ts";
import { type CgroupDriver, driverOf, loadDriver } from "../cgroups/driver.ts";
import { RuntError } from "../error.ts";
import { using } from "../kernel/file.ts";
import { isAlive, openPidfd, poll, sendSignal } from "../kernel/process.ts";
import { type ContainerRecord, LEGAL, type ProcessId, placeOf } from "./record.ts";
import {
  doesNotExist,
  type LockedDirectory,
  openLocked,
  readRecord,
  removeDirectory,
  type Store,
  statusOf,
} from "./store.ts";

const SIGKILL = 9;
/** Milliseconds for the container's process to end. */
const KILL_DEADLINE = 10_000;

/** @param force kill it first, and do not mind if it is not there */
export async function deleteContainer(store: Store, id: string, force: boolean): Promise<void> {
  const directory = openLocked(store, id);
  if (directory === undefined) {
    if (force) return;
    throw doesNotExist(id);
  }
  const record = readRecord(store, id);
  if (record !== undefined) {
    const status = statusOf(store, record);
    if (!force && !LEGAL.delete.includes(status)) {
      throw new RuntError({
        what: `cannot delete container ${id} that is not stopped: ${status}`,
        hint: `stop it first, or kill it as well: runt delete --force ${id}`,
      });
    }
    if (status !== "stopped" && record.init !== undefined) killProcess(record.init);
    destroy(directory, record, await loadDriver(driverOf(record)));
    return;
  }
  removeDirectory(directory);
}

/** Its other processes, its cgroup, its directory. Mounts and namespaces go with the processes. */
export function destroy(directory: LockedDirectory, record: ContainerRecord, driver: CgroupDriver): void {
  driver.remove(placeOf(record));
  removeDirectory(directory);
}

function killProcess({ pid, startTime }: ProcessId): void {
  const pidfd = openPidfd(pid);
  if (pidfd === undefined) return;
  using(pidfd, () => {
    if (!isAlive(pid, startTime) || !sendSignal(pidfd, SIGKILL)) return;
    if (poll([{ fd: pidfd, events: POLLIN }], KILL_DEADLINE) === undefined) {
      throw new RuntError({
        what: `process ${pid} is still there ${KILL_DEADLINE / 1000} s after it was killed`,
      });
    }
  });
}
