// `linux.sysctl`: written through a procfs of the stage's own, that is attached nowhere: no mount and no link of the
// container can redirect the write (CVE-2025-52881). Where the container's user may not have one, it is that of the host,
// which the stage inherits; below its sys everybody sees the namespaces that he is in himself.

import {
  F_DUPFD_CLOEXEC,
  FSCONFIG_CMD_CREATE,
  FSMOUNT_CLOEXEC,
  FSOPEN_CLOEXEC,
  MOUNT_ATTR_NODEV,
  MOUNT_ATTR_NOEXEC,
  MOUNT_ATTR_NOSUID,
  O_CLOEXEC,
  O_WRONLY,
  RESOLVE_NO_SYMLINKS,
  RESOLVE_NO_XDEV,
} from "../abi/constants.ts";
import { EPERM } from "../abi/errno.ts";
import { openHow } from "../abi/structs.ts";
import { type Builder, branch, data, inherited } from "../program/builder.ts";
import type { Register } from "../program/instruction.ts";
import { join } from "../spec/check.ts";
import { sysctlPath } from "../spec/sysctl.ts";
import type { StringMap } from "../spec/types.ts";
import { PROC } from "./labels.ts";

const PROTECTED = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC;
const STRICT = data(openHow(O_WRONLY | O_CLOEXEC, RESOLVE_NO_SYMLINKS | RESOLVE_NO_XDEV), "open_how");

/** @param mayLackProc the kernel may refuse a procfs: then the stage inherits that of the host */
export function compileSysctl(b: Builder, sysctl: StringMap<string>, mayLackProc: boolean): void {
  const entries = Object.entries(sysctl);
  if (entries.length === 0) return;
  b.from("/linux/sysctl");
  b.scratch("procfs", (proc) => {
    compileProc(b, proc, mayLackProc);
    for (const [key, value] of entries) {
      b.from(join("/linux/sysctl", key));
      b.scratch("file", (file) => {
        b.call("openat2", [proc, `sys/${sysctlPath(key)}`, STRICT, 24], { into: file });
        b.call("write", [file, value, value.length]);
        b.call("close", [file]);
      });
    }
    b.call("close", [proc]);
  });
}

function compileProc(b: Builder, proc: Register, mayLackProc: boolean): void {
  const refused = mayLackProc ? b.label() : undefined;
  const on = refused && [branch(EPERM, refused)];
  b.scratch("context", (context) => {
    b.call("fsopen", ["proc", FSOPEN_CLOEXEC], { into: context });
    b.call("fsconfig", [context, FSCONFIG_CMD_CREATE], { on });
    b.call("fsmount", [context, FSMOUNT_CLOEXEC, PROTECTED], { into: proc, on });
    b.call("close", [context]);
    if (refused === undefined) return;
    const done = b.label();
    b.jump(done);
    b.place(refused);
    b.call("close", [context]);
    b.call("fcntl", [inherited(PROC), F_DUPFD_CLOEXEC, 3], { into: proc });
    b.place(done);
  });
}
