// All of linux.seccomp that a filter depends on, as one text: equal texts are equal filters. It is made for every
// container, so it is joined and not encoded.

import type { LinuxSeccomp } from "../spec/types.ts";

/** Ends a field and, where no field is, a list: no name has it, and none is empty. */
const END = "\0";

export function filterKey({
  defaultAction,
  defaultErrnoRet,
  architectures = [],
  syscalls = [],
}: LinuxSeccomp): string {
  let key = defaultAction + END + defaultErrnoRet + END + architectures.join(END) + END + END;
  for (let i = 0; i < syscalls.length; i++) {
    const { action, errnoRet, args = [], names } = syscalls[i] as (typeof syscalls)[number];
    key += action + END + errnoRet + END;
    for (let j = 0; j < args.length; j++) {
      const { index, op, value, valueTwo } = args[j] as (typeof args)[number];
      key += index + op + END + value + END + valueTwo + END;
    }
    key += END + names.join(END) + END + END;
  }
  return key;
}
