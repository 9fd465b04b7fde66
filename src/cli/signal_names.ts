// Signals as people and engines write them: `9`, `KILL`, `SIGKILL`, `kill`, `SIGRTMIN+3`. signal(7), x86 and ARM.

import { RuntError } from "../error.ts";
import { quote } from "../quote.ts";

/** By number, from 1 on. */
const NAMES: readonly string[] =
  "HUP INT QUIT ILL TRAP ABRT BUS FPE KILL USR1 SEGV USR2 PIPE ALRM TERM STKFLT CHLD CONT STOP TSTP TTIN TTOU URG XCPU XFSZ VTALRM PROF WINCH IO PWR SYS".split(
    " ",
  );

const OTHER_NAMES: Readonly<Record<string, number>> = { IOT: 6, CLD: 17, POLL: 29, UNUSED: 31 };

/** As the C library has it, which keeps 32 and 33 for itself. */
const REALTIME_MIN = 34;
const MAX = 64;

/** @throws RuntError if there is no such signal */
export function parseSignal(text: string): number {
  const number = /^[0-9]{1,2}$/.test(text) ? Number(text) : numberOf(text.toUpperCase().replace(/^SIG/, ""));
  if (number !== undefined && number >= 1 && number <= MAX) return number;
  throw new RuntError({
    what: `unknown signal ${quote(text)}`,
    hint: `a signal is a number from 1 to ${MAX} or a name like KILL, SIGKILL or RTMIN+1`,
  });
}

function numberOf(name: string): number | undefined {
  if (NAMES.includes(name)) return NAMES.indexOf(name) + 1;
  if (Object.hasOwn(OTHER_NAMES, name)) return OTHER_NAMES[name];
  const [, edge, offset = "0"] = /^(RTMIN|RTMAX)(?:[+-]([0-9]{1,2}))?$/.exec(name) ?? [];
  if (edge === undefined || name.includes(edge === "RTMIN" ? "-" : "+")) return undefined;
  const number = edge === "RTMIN" ? REALTIME_MIN + Number(offset) : MAX - Number(offset);
  return number >= REALTIME_MIN ? number : undefined;
}
