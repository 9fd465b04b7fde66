// What has to be written to take a limit back, given what its file said before.

import { lines } from "../../lines.ts";
import type { Limit } from "./limit.ts";

/** Of a device that io.max does not mention. */
const UNLIMITED = "rbps=max wbps=max riops=max wiops=max";

/**
 * The value to write, undefined if there is nothing to take back.
 *
 * @param before all of the file
 */
export function previousValue(
  { file, value }: Pick<Limit, "file" | "value">,
  before: string,
): string | undefined {
  const former = lines(before);
  const key = keyOf(file, value);
  if (key === undefined) return former[0] ?? "";
  const line = former.find((candidate) => candidate.startsWith(`${key} `));
  if (line !== undefined) return line;
  if (file === "io.max") return `${key} ${UNLIMITED}`;
  return file.endsWith(".weight") ? `${key} default` : undefined;
}

/** Files with a line for each device begin it with the device, and those of weights have a line `default`. */
function keyOf(file: string, value: string): string | undefined {
  if (file === "rdma.max" || file === "misc.max") return value.split(" ", 1)[0];
  if (!file.startsWith("io.")) return undefined;
  const space = value.indexOf(" ");
  return space < 0 ? "default" : value.slice(0, space);
}
