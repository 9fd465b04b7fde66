// linux.seccomp as a list of what libseccomp is asked for, one call a line. Pure: generate.ts makes the calls.

import { ENOSYS, EPERM } from "../abi/errno.ts";
import type { LinuxSeccomp, LinuxSeccompArg, LinuxSyscall, SeccompAction } from "../spec/types.ts";
import { ACTION, ARCHITECTURE, FLAG, NEW_LISTENER } from "./numbers.ts";

export interface Rule {
  /** RFC 6901, for an error. */
  readonly pointer: string;
  readonly name: string;
  /** With its errno. */
  readonly action: number;
  /** All of them have to hold. */
  readonly conditions: readonly LinuxSeccompArg[];
}

export interface FilterPlan {
  readonly defaultAction: number;
  /** Tokens, in the order of config.json. The native one is in every filter beside these. */
  readonly architectures: readonly number[];
  readonly rules: readonly Rule[];
  /** What is newer than all that the profile names fails with ENOSYS. */
  readonly stub: boolean;
}

export function planFilter({
  defaultAction,
  defaultErrnoRet,
  architectures = [],
  syscalls = [],
}: LinuxSeccomp): FilterPlan {
  const otherwise = actionNumber(defaultAction, defaultErrnoRet);
  return {
    defaultAction: otherwise,
    architectures: [...new Set(architectures)].map((name) => ARCHITECTURE[name]),
    // libseccomp refuses rules that say what is said of all others.
    rules: syscalls.flatMap(rulesOf).filter(({ action }) => action !== otherwise),
    stub: !PERMISSIVE.includes(defaultAction) && defaultErrnoRet !== ENOSYS,
  };
}

/** Programs find out by ENOSYS that they have to do without a call; a tracer can say that itself. */
const PERMISSIVE: readonly SeccompAction[] = ["SCMP_ACT_ALLOW", "SCMP_ACT_LOG", "SCMP_ACT_TRACE"];

/** seccomp(2): the lower 16 bits of an action that has an errno, or data for the tracer. */
function actionNumber(action: SeccompAction, errno = EPERM): number {
  const hasErrno = action === "SCMP_ACT_ERRNO" || action === "SCMP_ACT_TRACE";
  return hasErrno ? ACTION[action] + errno : ACTION[action];
}

function rulesOf({ names, action, errnoRet, args = [] }: LinuxSyscall, index: number): readonly Rule[] {
  const number = actionNumber(action, errnoRet);
  return names.flatMap((name, position) =>
    alternatives(args).map((conditions) => ({
      pointer: `/linux/seccomp/syscalls/${index}/names/${position}`,
      name,
      action: number,
      conditions,
    })),
  );
}

/** libseccomp compares an argument once in a rule. Where there are two conditions for one, any of all is enough: as in runc. */
function alternatives(args: readonly LinuxSeccompArg[]): readonly (readonly LinuxSeccompArg[])[] {
  const indices = new Set(args.map(({ index }) => index));
  return indices.size === args.length ? [args] : args.map((arg) => [arg]);
}

/** Whether somebody outside is asked. */
export function notifies({ syscalls = [] }: LinuxSeccomp): boolean {
  for (let i = 0; i < syscalls.length; i++) if (syscalls[i]?.action === "SCMP_ACT_NOTIFY") return true;
  return false;
}

/** Of seccomp(2). Without `flags` it is SPEC_ALLOW, as in runc; waiting killably is for notifications only. */
export function loadFlags(seccomp: LinuxSeccomp): number {
  const { flags = ["SECCOMP_FILTER_FLAG_SPEC_ALLOW"] } = seccomp;
  const bits = flags.reduce((all, flag) => all | FLAG[flag], 0);
  if (notifies(seccomp)) return bits | NEW_LISTENER;
  return bits & ~FLAG.SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV;
}
