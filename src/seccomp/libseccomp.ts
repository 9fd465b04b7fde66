// libseccomp(3), which is linked into the host: its functions by their places in the table of native/host/src/kernel.rs.

import { library } from "runt:host";
import { MFD_CLOEXEC } from "../abi/constants.ts";
import { EFAULT } from "../abi/errno.ts";
import { getWord } from "../abi/structs.ts";
import { attempt, call, type Fd } from "../kernel/call.ts";
import { using } from "../kernel/file.ts";
import { SECCOMP_SET_MODE_FILTER } from "./numbers.ts";

/** A filter while it is being made: a pointer. */
export type Filter = number & { readonly kind: "scmp_filter_ctx" };

const [
  INIT,
  VERSION,
  RELEASE,
  ATTR_SET,
  ARCH_NATIVE,
  ARCH_ADD,
  RESOLVE_NAME_ARCH,
  RULE_ADD_ARRAY,
  EXPORT_BPF,
] = [0, 1, 2, 3, 4, 5, 6, 7, 8];
/** SCMP_FLTATR_CTL_OPTIMIZE: 2 is a binary tree. */
export const CTL_OPTIMIZE = 8;
/** __NR_SCMP_ERROR; what is less is the number of a call that only other architectures have. */
const UNKNOWN = -1;

/** 0 where there is no memory for it. */
export function init(defaultAction: number): Filter {
  return library(INIT, defaultAction) as Filter;
}

export function release(filter: Filter): void {
  library(RELEASE, filter);
}

/** Like all that follow: 0, or -errno. */
export function setAttribute(filter: Filter, attribute: number, value: number): number {
  return library(ATTR_SET, filter, attribute, value);
}

export function addArchitecture(filter: Filter, token: number): number {
  return library(ARCH_ADD, filter, token);
}

/** `conditions` is an array of `struct scmp_arg_cmp`. */
export function addRule(filter: Filter, action: number, number: number, conditions: Uint8Array): number {
  return library(RULE_ADD_ARRAY, filter, action, number, conditions.length / ARG_CMP, conditions);
}

export function exportBpf(filter: Filter, fd: Fd): number {
  return library(EXPORT_BPF, filter, fd);
}

/** Size of `struct scmp_arg_cmp`. */
const ARG_CMP = 24;

export function nativeArchitecture(): number {
  return library(ARCH_NATIVE) >>> 0;
}

/** undefined where the name, or the architecture, is not known. */
export function resolveName(token: number, name: string): number | undefined {
  const number = library(RESOLVE_NAME_ARCH, token, name);
  return number === UNKNOWN ? undefined : number;
}

/** Flags of seccomp(2). The kernel looks at them before it looks at the filter. */
export function kernelKnows(flags: number): boolean {
  return attempt("seccomp", SECCOMP_SET_MODE_FILTER, flags, null) === -EFAULT;
}

/** `2.5.4` */
export function libraryVersion(): string {
  const numbers = new Uint8Array(12);
  // The kernel reads what is at an address.
  using(call("create a memory file", "memfd_create", "version", MFD_CLOEXEC) as Fd, (memory) => {
    attempt("write", memory, library(VERSION), numbers.length);
    attempt("pread64", memory, numbers, numbers.length, 0);
  });
  return [0, 4, 8].map((at) => getWord(numbers, at)).join(".");
}
