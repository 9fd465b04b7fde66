// Buffers that the kernel writes to and the next instruction reads: one of each is enough for a program.

import { STAT } from "../abi/structs.ts";
import { data } from "./builder.ts";

/** `struct stat`. */
export const STAT_BUFFER = data(new Uint8Array(STAT.size), "stat");
/** `struct statfs`; `f_type` is its first word. */
export const STATFS_BUFFER = data(new Uint8Array(120), "statfs");
