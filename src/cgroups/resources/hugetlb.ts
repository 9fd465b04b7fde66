// linux.resources.hugepageLimits: bytes of huge pages of one size.

import type { LinuxHugepageLimit } from "../../spec/types.ts";
import type { Limit } from "./limit.ts";

/**
 * Reserved pages are limited where the kernel counts them, which tells mmap(2) and spares the process a SIGBUS; used
 * ones always, since some are never reserved.
 */
export function compileHugetlb(limits: readonly LinuxHugepageLimit[], pointer: string): readonly Limit[] {
  return limits.flatMap(({ pageSize, limit }, index) => {
    const entry = { value: String(limit), pointer: `${pointer}/${index}` };
    return [
      { ...entry, file: `hugetlb.${pageSize}.max` },
      { ...entry, file: `hugetlb.${pageSize}.rsvd.max`, optional: true },
    ];
  });
}
