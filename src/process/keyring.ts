// A session keyring of the container's own, so that it does not see its caller's keys: keyrings(7).

import { KEYCTL_JOIN_SESSION_KEYRING, KEYCTL_SETPERM } from "../abi/constants.ts";
import { ENOSYS } from "../abi/errno.ts";
import { type Builder, branch } from "../program/builder.ts";
import { compileKeyLabel } from "./labels.ts";

/** What the kernel gives a new session keyring, and search for its user: keyctl_setperm(3). */
const PERMISSIONS = 0x3f130000 | 0x00080000;

/** @param label of SELinux, that the keyring gets */
export function compileKeyring(b: Builder, id: string, label: string | undefined): void {
  if (label !== undefined) compileKeyLabel(b, label);
  compileJoin(b, id);
  if (label !== undefined) compileKeyLabel(b, "");
}

function compileJoin(b: Builder, id: string): void {
  const unsupported = b.label();
  b.from("");
  b.scratch("keyring", (keyring) => {
    b.call("keyctl", [KEYCTL_JOIN_SESSION_KEYRING, `_ses.${id}`], {
      into: keyring,
      on: [branch(ENOSYS, unsupported)],
    });
    b.call("keyctl", [KEYCTL_SETPERM, keyring, PERMISSIONS]);
  });
  b.place(unsupported);
}
