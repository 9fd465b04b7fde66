// What the runtime is itself, as far as its containers inherit it: one read of /proc/self/status, and the standard
// streams.

import { S_IFCHR, S_IFMT } from "../abi/constants.ts";
import { deviceNumber, getWord, STAT } from "../abi/structs.ts";
import { attempt } from "../kernel/call.ts";
import { readFile, readFileIfExists } from "../kernel/file.ts";
import type { CapabilitySet } from "../process/capabilities.ts";

export interface Caller {
  readonly permitted: CapabilitySet;
  readonly bounding: CapabilitySet;
  readonly ignoredSignals: readonly number[];
}

const SIGNALS = 64;

/** proc_pid_status(5). */
export function readCaller(): Caller {
  const status = readFile("/proc/self/status");
  const permitted = statusSet(status, "CapPrm");
  return {
    permitted,
    bounding: statusSet(status, "CapBnd"),
    ignoredSignals: ignored(status),
  };
}

/** A set in hexadecimal digits. */
function statusSet(status: string, name: string): bigint {
  // The engine splits much faster than it searches.
  const line = status.split(`\n${name}:\t`, 2)[1]?.split("\n", 1)[0];
  if (line === undefined) throw new Error(`/proc/self/status has no ${name}`);
  return BigInt(`0x${line}`);
}

function ignored(status: string): readonly number[] {
  const set = statusSet(status, "SigIgn");
  if (set === 0n) return [];
  const numbers = Array.from({ length: SIGNALS }, (_, index) => index + 1);
  return numbers.filter((signal) => (set >> BigInt(signal - 1)) & 1n);
}

/** Every capability that the kernel knows: what a process has in a user namespace of its own. */
export function allCapabilities(): CapabilitySet {
  const last = Number(readFile("/proc/sys/kernel/cap_last_cap"));
  return (1n << BigInt(last + 1)) - 1n;
}

/** user_namespaces(7): "deny" once and for all where the runtime itself is in such a user namespace. */
export function isSetgroupsDenied(): boolean {
  if (isInitialUserNamespace()) return false;
  return readFileIfExists("/proc/self/setgroups")?.startsWith("deny") ?? false;
}

/** Of ours, which we never leave. */
let initial: boolean | undefined;

/** Every id is mapped to itself. */
export function isInitialUserNamespace(): boolean {
  initial ??= readFileIfExists("/proc/self/uid_map")?.trim().split(/ +/).join(" ") === "0 0 4294967295";
  return initial;
}

/** Not root on the host, whatever it is called where the runtime runs. */
export function isRootless(uid: number): boolean {
  return uid !== 0 || !isInitialUserNamespace();
}

/** @param magic of statfs(2) */
export function isFilesystem(path: string, magic: number): boolean {
  const filesystem = new Uint8Array(120);
  return attempt("statfs", path, filesystem) === 0 && getWord(filesystem, 0) === magic;
}

const NULL_DEVICE = deviceNumber(1, 3);

export interface StandardStreams {
  /** Those that are the null device. */
  readonly nulls: readonly number[];
  /** Those that are something else and do not belong to `uid`. */
  readonly foreign: readonly number[];
}

export function inspectStandardStreams(uid: number): StandardStreams {
  const nulls: number[] = [];
  const foreign: number[] = [];
  const status = new Uint8Array(STAT.size);
  for (const fd of [0, 1, 2]) {
    if (attempt("fstat", fd, status) < 0) continue;
    const isDevice = (getWord(status, STAT.mode) & S_IFMT) === S_IFCHR;
    if (isDevice && getWord(status, STAT.rdev) === NULL_DEVICE) nulls.push(fd);
    else if (getWord(status, STAT.uid) !== uid) foreign.push(fd);
  }
  return { nulls, foreign };
}
