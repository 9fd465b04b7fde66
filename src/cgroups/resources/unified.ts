// linux.resources.unified: any file of the cgroup, by its name. Written last, so that it has the last word.

import { lines } from "../../lines.ts";
import { join } from "../../spec/check.ts";
import type { StringMap } from "../../spec/types.ts";
import type { Limit } from "./limit.ts";

/** The kernel reads one line at a time, of files such as io.max that have many. */
export function compileUnified(unified: StringMap<string>, pointer: string): readonly Limit[] {
  return Object.entries(unified).flatMap(([file, value]) =>
    valuesOf(value).map((line) => ({ file, value: line, pointer: join(pointer, file) })),
  );
}

/** An empty value is one too: it empties cpuset.cpus. */
function valuesOf(value: string): readonly string[] {
  const found = lines(value);
  return found.length === 0 ? [""] : found;
}
