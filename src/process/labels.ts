// `process.apparmorProfile` and `process.selinuxLabel`: what the security modules of the kernel do with the process from
// execve on. The stage writes it to its own files below the host's /proc, which it inherits as a descriptor: no mount
// and no link of the container can redirect the write (CVE-2019-16884, CVE-2025-52881).

import {
  O_CLOEXEC,
  O_WRONLY,
  RESOLVE_IN_ROOT,
  RESOLVE_NO_MAGICLINKS,
  RESOLVE_NO_XDEV,
} from "../abi/constants.ts";
import { ENOENT } from "../abi/errno.ts";
import { openHow } from "../abi/structs.ts";
import { type Builder, branch, data, inherited } from "../program/builder.ts";
import type { Label, Register } from "../program/instruction.ts";
import type { Process } from "../spec/types.ts";

/** Name of the inherited descriptor of the host's /proc. */
export const PROC = "proc";

/** `self` is a link, and not a magic one. */
const HOW = data(
  openHow(O_WRONLY | O_CLOEXEC, RESOLVE_IN_ROOT | RESOLVE_NO_XDEV | RESOLVE_NO_MAGICLINKS),
  "open_how",
);

/** Then it inherits the descriptor. */
export function hasLabels({ apparmorProfile, selinuxLabel }: Process): boolean {
  return apparmorProfile !== undefined || selinuxLabel !== undefined;
}

/** Before privileges are dropped: low limits, no_new_privs and filters are in the way later. */
export function compileLabels(b: Builder, { apparmorProfile, selinuxLabel }: Process): void {
  if (apparmorProfile !== undefined) {
    b.from("/process/apparmorProfile");
    compileProfile(b, apparmorProfile);
  }
  if (selinuxLabel !== undefined) {
    b.from("/process/selinuxLabel");
    b.scratch("file", (file) => {
      openAttribute(b, "exec", file);
      writeAndClose(b, file, selinuxLabel);
    });
  }
}

function compileProfile(b: Builder, profile: string): void {
  const [shared, opened, unknown, done] = [b.label(), b.label(), b.label(), b.label()];
  b.scratch("file", (file) => {
    openAttribute(b, "apparmor/exec", file, shared);
    b.jump(opened);
    b.place(shared);
    // Before Linux 5.8 all security modules have one file.
    openAttribute(b, "exec", file);
    b.place(opened);
    writeAndClose(b, file, `exec ${profile}`, unknown);
  });
  b.jump(done);
  b.place(unknown);
  b.fail(ENOENT, `unable to apply apparmor profile: ${profile} is not loaded, see apparmor_parser(8)`);
  b.place(done);
}

/** The label of the keys that the stage makes from here on; an empty one is the default again. */
export function compileKeyLabel(b: Builder, label: string): void {
  b.from("/process/selinuxLabel");
  b.scratch("file", (file) => {
    openAttribute(b, "keycreate", file);
    writeAndClose(b, file, label);
  });
}

function openAttribute(b: Builder, name: string, into: Register, missing?: Label): void {
  const on = missing && [branch(ENOENT, missing)];
  b.call("openat2", [inherited(PROC), `self/attr/${name}`, HOW, 24], { into, on });
}

function writeAndClose(b: Builder, file: Register, value: string, missing?: Label): void {
  b.call("write", [file, value, value.length], { on: missing && [branch(ENOENT, missing)] });
  b.call("close", [file]);
}
