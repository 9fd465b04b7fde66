// `process.scheduler` and `process.ioPriority`: sched_setattr(2) and ioprio_set(2), which the process keeps over execve.

import { longs, words } from "../abi/structs.ts";
import { type Builder, data } from "../program/builder.ts";
import type {
  IOPriorityClass,
  LinuxIOPriority,
  LinuxSchedulerFlag,
  LinuxSchedulerPolicy,
  Scheduler,
} from "../spec/types.ts";

/** <linux/sched.h> */
export const SCHEDULER_POLICY: Readonly<Record<LinuxSchedulerPolicy, number>> = {
  SCHED_OTHER: 0,
  SCHED_FIFO: 1,
  SCHED_RR: 2,
  SCHED_BATCH: 3,
  SCHED_ISO: 4,
  SCHED_IDLE: 5,
  SCHED_DEADLINE: 6,
};

export const SCHEDULER_FLAG: Readonly<Record<LinuxSchedulerFlag, number>> = {
  SCHED_FLAG_RESET_ON_FORK: 0x01,
  SCHED_FLAG_RECLAIM: 0x02,
  SCHED_FLAG_DL_OVERRUN: 0x04,
  SCHED_FLAG_KEEP_POLICY: 0x08,
  SCHED_FLAG_KEEP_PARAMS: 0x10,
  SCHED_FLAG_UTIL_CLAMP_MIN: 0x20,
  SCHED_FLAG_UTIL_CLAMP_MAX: 0x40,
};

/** <linux/ioprio.h> */
const IO_CLASS: Readonly<Record<IOPriorityClass, number>> = {
  IOPRIO_CLASS_RT: 1,
  IOPRIO_CLASS_BE: 2,
  IOPRIO_CLASS_IDLE: 3,
};
const IOPRIO_WHO_PGRP = 2;

/** With room for the bounds of utilization, which stay 0. */
const SCHED_ATTR_SIZE = 56;

export function compileScheduler(b: Builder, scheduler: Scheduler | undefined): void {
  if (scheduler === undefined) return;
  const { policy, nice = 0, priority = 0, runtime = 0n, deadline = 0n, period = 0n, flags = [] } = scheduler;
  const bits = flags.reduce((all, flag) => all | SCHEDULER_FLAG[flag], 0);
  const attributes = new Uint8Array(SCHED_ATTR_SIZE);
  attributes.set(words(SCHED_ATTR_SIZE, SCHEDULER_POLICY[policy], bits, 0, nice, priority));
  attributes.set(longs(runtime, deadline, period), 24);
  b.from("/process/scheduler");
  b.call("sched_setattr", [0, data(attributes, "sched_attr"), 0]);
}

/** For the group that the process leads. */
export function compileIoPriority(b: Builder, ioPriority: LinuxIOPriority | undefined): void {
  if (ioPriority === undefined) return;
  b.from("/process/ioPriority");
  b.call("ioprio_set", [IOPRIO_WHO_PGRP, 0, (IO_CLASS[ioPriority.class] << 13) | ioPriority.priority]);
}
