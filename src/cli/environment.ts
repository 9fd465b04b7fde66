// What a command finds around it: the working directory, standard output.

import { decode } from "runt:host";
import { call, type Fd } from "../kernel/call.ts";
import { writeAll } from "../kernel/file.ts";

const STDOUT = 1 as Fd;
const PATH_MAX = 4096;

export function readWorkingDirectory(): string {
  const buffer = new Uint8Array(PATH_MAX);
  // The length includes the NUL.
  const length = call("find out the working directory", "getcwd", buffer, buffer.length);
  return decode(buffer, 0, length - 1);
}

export function print(text: string): void {
  writeAll(STDOUT, text, "write to standard output");
}
