// One system call that fails with an exception. All of the kernel layer goes through here.

import { syscall } from "runt:host";
import { EINTR, errnoName, errnoText } from "../abi/errno.ts";
import { SYS, type SyscallName } from "../abi/syscalls.ts";
import { type ErrorRecord, RuntError } from "../error.ts";

type Argument = number | bigint | string | null | Uint8Array;

/** A descriptor of this process. Everything we open is close-on-exec. */
export type Fd = number & { readonly kind: "fd" };

export type Context = Pick<ErrorRecord, "what" | "pointer" | "hint">;

/** The answer, or -errno: for callers to whom an errno is an answer. */
export function attempt(
  name: SyscallName,
  a?: Argument,
  b?: Argument,
  c?: Argument,
  d?: Argument,
  e?: Argument,
  f?: Argument,
): number {
  for (;;) {
    const result = syscall(SYS[name], a, b, c, d, e, f);
    // close(2) has closed the descriptor even so, and nothing else may be repeated blindly but what waits.
    if (result !== -EINTR || name === "close") return result;
  }
}

/** @throws RuntError with the errno and what was being done */
export function call(
  context: Context | string,
  name: SyscallName,
  a?: Argument,
  b?: Argument,
  c?: Argument,
  d?: Argument,
  e?: Argument,
  f?: Argument,
): number {
  const result = attempt(name, a, b, c, d, e, f);
  if (result < 0 && result >= -4095) throw failure(context, -result);
  return result;
}

export function failure(context: Context | string, errno: number): RuntError {
  const name = errnoName(errno);
  const record = typeof context === "string" ? { what: context } : context;
  return new RuntError({ ...record, errno: name, why: errnoText(name) });
}

/** True where `result` is this errno. */
export function is(result: number, errno: number): boolean {
  return result === -errno;
}
