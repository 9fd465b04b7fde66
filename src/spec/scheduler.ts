// config.md#linux-process, `scheduler`: which numbers go with which policy (sched_setattr(2), checks as in runc).

import { arrayOf, type Check, int, object, oneOf, reject, uint64 } from "./check.ts";
import type { Scheduler } from "./types.ts";
import { SCHEDULER_FLAGS, SCHEDULER_POLICIES } from "./values.ts";

/** A number of 0 is the same as none, whatever the policy: Go engines may write it. */
function rejectForeignNumbers({ policy, nice, priority, ...times }: Scheduler, pointer: string): void {
  if (nice && policy !== "SCHED_OTHER" && policy !== "SCHED_BATCH") {
    reject(`${pointer}/nice`, "scheduler.nice can only be specified for SCHED_OTHER or SCHED_BATCH policy");
  }
  if (priority && policy !== "SCHED_FIFO" && policy !== "SCHED_RR") {
    reject(
      `${pointer}/priority`,
      "scheduler.priority can only be specified for SCHED_FIFO or SCHED_RR policy",
    );
  }
  for (const field of ["runtime", "deadline", "period"] as const) {
    if (!times[field] || policy === "SCHED_DEADLINE") continue;
    reject(`${pointer}/${field}`, `scheduler.${field} can only be specified for SCHED_DEADLINE policy`);
  }
}

export const scheduler: Check<Scheduler> = object(
  { policy: oneOf(SCHEDULER_POLICIES) },
  {
    nice: int(-20, 19),
    priority: int(0, 99),
    flags: arrayOf(oneOf(SCHEDULER_FLAGS)),
    runtime: uint64,
    deadline: uint64,
    period: uint64,
  },
  rejectForeignNumbers,
);
