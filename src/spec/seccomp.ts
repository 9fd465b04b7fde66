// config-linux.md#seccomp

import {
  arrayOf,
  type Check,
  int,
  nonEmptyText,
  object,
  oneOf,
  optionalText,
  reject,
  uint16,
  uint64,
} from "./check.ts";
import type { LinuxSeccomp, LinuxSeccompArg, LinuxSyscall, SeccompAction } from "./types.ts";
import { SECCOMP_ACTIONS, SECCOMP_ARCHITECTURES, SECCOMP_FLAGS, SECCOMP_OPERATORS } from "./values.ts";

/** The kernel's MAX_ERRNO: seccomp(2) cuts a larger one silently. */
const MAX_ERRNO = 4095;

const action = oneOf(SECCOMP_ACTIONS);

/** config-linux.md: where the action doesn't support an errno, the runtime MUST fail. */
function rejectErrno(taken: SeccompAction, errno: number | undefined, pointer: string): void {
  if (errno === undefined || taken === "SCMP_ACT_TRACE") return;
  if (taken !== "SCMP_ACT_ERRNO") {
    reject(pointer, `found number ${errno}, but ${taken} returns no errno`, {
      hint: "only SCMP_ACT_ERRNO and SCMP_ACT_TRACE do",
    });
  }
  if (errno > MAX_ERRNO) reject(pointer, `found number ${errno}, expected an integer from 0 to ${MAX_ERRNO}`);
}

const arg: Check<LinuxSeccompArg> = object(
  { index: int(0, 5), value: uint64, op: oneOf(SECCOMP_OPERATORS) },
  { valueTwo: uint64 },
);

const anyNames = arrayOf(nonEmptyText, (list, pointer) => {
  if (list.length === 0) reject(pointer, "found an array of 0, expected at least one name of a syscall");
});

/** Engines write hundreds of names for each container: to ask a checker for each took longer than all the rest of a spec. */
const names: typeof anyNames = (value, parent, key) => {
  if (!Array.isArray(value) || value.length === 0) return anyNames(value, parent, key);
  for (let i = 0; i < value.length; i++) {
    if (typeof value[i] !== "string" || value[i] === "") return anyNames(value, parent, key);
  }
  return value.join("").includes("\0") ? anyNames(value, parent, key) : (value as readonly string[]);
};

const syscall: Check<LinuxSyscall> = object(
  { names, action },
  { errnoRet: uint16, args: arrayOf(arg) },
  (entry, pointer) => {
    rejectErrno(entry.action, entry.errnoRet, `${pointer}/errnoRet`);
    // The process that hands the listener over needs write(2) to say so: nobody would answer the notification.
    if (entry.action === "SCMP_ACT_NOTIFY" && entry.names.includes("write")) {
      reject(pointer, "SCMP_ACT_NOTIFY cannot be used for the write syscall");
    }
  },
);

function rejectFilter(filter: LinuxSeccomp, pointer: string): void {
  if (filter.defaultAction === "SCMP_ACT_NOTIFY") {
    reject(`${pointer}/defaultAction`, "SCMP_ACT_NOTIFY cannot be used as default action");
  }
  rejectErrno(filter.defaultAction, filter.defaultErrnoRet, `${pointer}/defaultErrnoRet`);
  if (filter.listenerPath !== undefined) return;
  if (filter.listenerMetadata !== undefined) {
    reject(`${pointer}/listenerMetadata`, "listenerMetadata must not be set without listenerPath");
  }
  const notify = filter.syscalls?.findIndex((entry) => entry.action === "SCMP_ACT_NOTIFY") ?? -1;
  if (notify !== -1) {
    reject(`${pointer}/syscalls/${notify}/action`, "seccomp listenerPath is not set", {
      hint: "SCMP_ACT_NOTIFY needs linux.seccomp.listenerPath, the socket of the agent",
    });
  }
}

export const seccomp: Check<LinuxSeccomp> = object(
  { defaultAction: action },
  {
    defaultErrnoRet: uint16,
    architectures: arrayOf(oneOf(SECCOMP_ARCHITECTURES)),
    flags: arrayOf(oneOf(SECCOMP_FLAGS)),
    listenerPath: optionalText,
    listenerMetadata: optionalText,
    syscalls: arrayOf(syscall),
  },
  rejectFilter,
);
