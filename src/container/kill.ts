// `kill`: a signal to the container's process, by pidfd, so that it never reaches a successor of its pid.

import { killCgroup, signalCgroup } from "../cgroups/cgroupfs.ts";
import { RuntError } from "../error.ts";
import { close, using } from "../kernel/file.ts";
import { isAlive, openPidfd, sendSignal } from "../kernel/process.ts";
import type { ContainerRecord, ProcessId } from "./record.ts";
import { LEGAL, requireCgroup } from "./record.ts";
import { requireRecord, type Store, statusOf } from "./store.ts";

const SIGKILL = 9;

/** @param all every process of the container, also where the first one has ended */
export function killContainer(store: Store, id: string, signal: number, all: boolean): void {
  const record = requireRecord(store, id);
  if (all) {
    signalAll(record, signal);
    return;
  }
  const isLegal = LEGAL.kill.includes(statusOf(store, record));
  if (!isLegal || record.init === undefined || !signalProcess(record.init, signal)) {
    throw new RuntError({ what: "container not running", hint: `runt state ${id} shows its status` });
  }
  if (signal === SIGKILL && !record.privatePid) killCgroup(record.cgroup);
}

function signalAll(record: ContainerRecord, signal: number): void {
  const { cgroup, init, privatePid } = record;
  // In a pid namespace of its own the kernel takes the others along.
  if (cgroup === "" && signal === SIGKILL && privatePid) {
    if (init !== undefined) signalProcess(init, signal);
    return;
  }
  requireCgroup(record);
  if (signal === SIGKILL) {
    killCgroup(cgroup);
    return;
  }
  signalCgroup(cgroup, (pid) => {
    const pidfd = openPidfd(pid);
    if (pidfd !== undefined) using(pidfd, () => sendSignal(pidfd, signal));
  });
}

/** False if the process has ended. */
export function signalProcess({ pid, startTime }: ProcessId, signal: number): boolean {
  const pidfd = openPidfd(pid);
  if (pidfd === undefined) return false;
  try {
    // Asked after the pidfd was opened: now it is that process or none.
    return isAlive(pid, startTime) && sendSignal(pidfd, signal);
  } finally {
    close(pidfd);
  }
}
