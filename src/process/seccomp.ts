// `linux.seccomp`, as late as can be: what follows in the program has to be allowed by the container's profile.

import { words } from "../abi/structs.ts";
import { type Builder, data } from "../program/builder.ts";
import type { Data, Register } from "../program/instruction.ts";
import { SECCOMP_SET_MODE_FILTER } from "../seccomp/numbers.ts";

export interface SeccompFilter {
  /** An array of `struct sock_filter`. */
  readonly program: Uint8Array;
  /** SECCOMP_FILTER_FLAG_ bits. */
  readonly flags: number;
  /** Somebody outside answers for some calls, and is to be given the descriptor for that. */
  readonly notifies: boolean;
}

/** `into`: the listener, where the filter notifies. */
export function compileSeccomp(b: Builder, { program, flags }: SeccompFilter, into?: Register): void {
  b.from("/linux/seccomp");
  b.call("seccomp", [SECCOMP_SET_MODE_FILTER, flags, sockFprog(program)], into && { into });
}

function sockFprog(program: Uint8Array): Data {
  const filter = data(program, "sock_filter");
  return data(words(program.length / 8, 0, 0, 0), "sock_fprog", [{ at: 8, to: filter }]);
}
