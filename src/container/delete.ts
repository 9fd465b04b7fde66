// `delete`: what `create` has made is taken away again. With --force from any state that a killed runtime may have
// left behind, as often as it is called.

import { AT_REMOVEDIR, MNT_DETACH, POLLIN } from "../abi/constants.ts";
import { EINVAL } from "../abi/errno.ts";
import { type CgroupDriver, driverOf, loadDriver } from "../cgroups/driver.ts";
import { RuntError } from "../error.ts";
import { attempt, failure } from "../kernel/call.ts";
import { CWD, remove, statPath, using } from "../kernel/file.ts";
import { isAlive, openPidfd, poll, sendSignal } from "../kernel/process.ts";
import { mountId } from "./facts.ts";
import { hooksOf } from "./load_hooks.ts";
import { type ContainerRecord, LEGAL, type ProcessId, placeOf } from "./record.ts";
import type { Warn } from "./request.ts";
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
export async function deleteContainer(store: Store, id: string, force: boolean, warn: Warn): Promise<void> {
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
    if (status === "stopped") await dispose(directory, record, warn);
    else await stopAndDispose(directory, record, warn);
    return;
  }
  removeDirectory(directory);
}

export async function stopAndDispose(
  directory: LockedDirectory,
  record: ContainerRecord,
  warn: Warn,
): Promise<void> {
  if (record.init !== undefined) killProcess(record.init);
  await dispose(directory, record, warn);
}

/** The last steps of the lifecycle: nothing is left, and then the hooks that want to know of it. */
async function dispose(directory: LockedDirectory, record: ContainerRecord, warn: Warn): Promise<void> {
  const hooks = await hooksOf(record, directory, ["poststop"]);
  destroy(directory, record, await loadDriver(driverOf(record)));
  hooks?.poststop(warn);
}

/** Its other processes, its cgroup, its directory. Namespaces, and the mounts in them, go with the processes. */
export function destroy(directory: LockedDirectory, record: ContainerRecord, driver: CgroupDriver): void {
  driver.remove(placeOf(record));
  unmountRoot(record);
  for (const path of record.resctrl ?? []) remove(path, CWD, AT_REMOVEDIR);
  removeDirectory(directory);
}

/** What a container without a mount namespace has mounted, unless somebody has taken it away. */
export function unmountRoot({ rootfs, rootMount }: Pick<ContainerRecord, "rootfs" | "rootMount">): void {
  if (rootMount === undefined || typeof statPath(rootfs) === "number" || mountId(rootfs) === rootMount)
    return;
  const result = attempt("umount2", rootfs, MNT_DETACH);
  // The mount that it was on has been taken away, and there is none now.
  if (result < 0 && result !== -EINVAL) throw failure(`unmount ${rootfs}`, -result);
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
