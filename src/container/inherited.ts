// What a container's process inherits from the runtime, and is therefore set, or asked for, in the runtime itself.

import { F_GETFD } from "../abi/constants.ts";
import { longs } from "../abi/structs.ts";
import { RuntError } from "../error.ts";
import { attempt, call } from "../kernel/call.ts";
import { readFile, writeValue } from "../kernel/file.ts";
import { RLIMIT } from "../process/rlimits.ts";
import type { POSIXRlimit } from "../spec/types.ts";

/** Podman leaves holes among the descriptors, but the last one it promises is there. */
export function requirePreserved(preserveFds: number): void {
  const last = 2 + preserveFds;
  // Close-on-exec are only those of our own.
  if (preserveFds === 0 || attempt("fcntl", last, F_GETFD, 0) === 0) return;
  throw new RuntError({
    what: `--preserve-fds ${preserveFds}: descriptor ${last} is not open`,
    hint: `the caller has to leave the descriptors 3 to ${last} open`,
  });
}

/** A process in a user namespace may lower its limits only. */
export function raiseHardLimits(rlimits: readonly POSIXRlimit[]): void {
  rlimits.forEach(({ type, hard }, index) => {
    const limit = new Uint8Array(16);
    const context = { what: `raise ${type}`, pointer: `/process/rlimits/${index}/hard` };
    call(context, "prlimit64", 0, RLIMIT[type], null, limit);
    const view = new DataView(limit.buffer);
    if (view.getBigUint64(8, true) >= hard) return;
    call(context, "prlimit64", 0, RLIMIT[type], longs(view.getBigUint64(0, true), hard), null);
  });
}

/** Ours for a moment, since only a privileged process may lower it. Returns what takes it back. */
export function setOomScoreAdj(value: number | undefined): () => void {
  const file = "/proc/self/oom_score_adj";
  if (value === undefined) return () => {};
  const before = readFile(file).trim();
  if (before === String(value)) return () => {};
  const pointer = "/process/oomScoreAdj";
  const context = {
    what: `set oom_score_adj to ${value}`,
    pointer,
    hint: "less than the caller's needs CAP_SYS_RESOURCE",
  };
  writeValue(file, String(value), { context });
  return () => writeValue(file, before);
}
