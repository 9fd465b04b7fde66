// The container's process starts with default signal dispositions and an empty mask, whatever its caller ignored:
// conmon ignores SIGPIPE, and execve keeps what is ignored.

import { SIG_SETMASK } from "../abi/constants.ts";
import { type Builder, data } from "../program/builder.ts";

const SIGSET = 8;

/** @param ignored numbers of the signals that the runtime itself was started with as ignored */
export function compileSignals(b: Builder, ignored: readonly number[]): void {
  b.from("");
  const byDefault = data(new Uint8Array(32), "sigaction");
  for (const signal of ignored) b.call("rt_sigaction", [signal, byDefault, null, SIGSET]);
  b.call("rt_sigprocmask", [SIG_SETMASK, data(new Uint8Array(SIGSET), "sigset"), null, SIGSET]);
}
