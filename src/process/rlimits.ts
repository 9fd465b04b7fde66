// `process.rlimits`. The parent has raised its own hard limits before: a process in a user namespace may not.

import { longs } from "../abi/structs.ts";
import { type Builder, data } from "../program/builder.ts";
import type { POSIXRlimit, RlimitType } from "../spec/types.ts";

/** <asm-generic/resource.h> */
export const RLIMIT: Readonly<Record<RlimitType, number>> = {
  RLIMIT_CPU: 0,
  RLIMIT_FSIZE: 1,
  RLIMIT_DATA: 2,
  RLIMIT_STACK: 3,
  RLIMIT_CORE: 4,
  RLIMIT_RSS: 5,
  RLIMIT_NPROC: 6,
  RLIMIT_NOFILE: 7,
  RLIMIT_MEMLOCK: 8,
  RLIMIT_AS: 9,
  RLIMIT_LOCKS: 10,
  RLIMIT_SIGPENDING: 11,
  RLIMIT_MSGQUEUE: 12,
  RLIMIT_NICE: 13,
  RLIMIT_RTPRIO: 14,
  RLIMIT_RTTIME: 15,
};

export function compileRlimits(b: Builder, rlimits: readonly POSIXRlimit[]): void {
  rlimits.forEach(({ type, soft, hard }, index) => {
    b.from(`/process/rlimits/${index}`);
    b.call("prlimit64", [0, RLIMIT[type], data(longs(soft, hard), "rlimit"), null]);
  });
}
