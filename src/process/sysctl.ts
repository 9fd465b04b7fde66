// `linux.sysctl`: written through a procfs of the stage's own, that is attached nowhere: no mount and no link of the
// container can redirect the write (CVE-2025-52881).

import {
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
import { openHow } from "../abi/structs.ts";
import { type Builder, data } from "../program/builder.ts";
import { join } from "../spec/check.ts";
import { sysctlPath } from "../spec/sysctl.ts";
import type { StringMap } from "../spec/types.ts";

const PROTECTED = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC;
const STRICT = data(openHow(O_WRONLY | O_CLOEXEC, RESOLVE_NO_SYMLINKS | RESOLVE_NO_XDEV), "open_how");

export function compileSysctl(b: Builder, sysctl: StringMap<string>): void {
  const entries = Object.entries(sysctl);
  if (entries.length === 0) return;
  b.from("/linux/sysctl");
  b.scratch("proc", (proc) => {
    b.scratch("context", (context) => {
      b.call("fsopen", ["proc", FSOPEN_CLOEXEC], { into: context });
      b.call("fsconfig", [context, FSCONFIG_CMD_CREATE]);
      b.call("fsmount", [context, FSMOUNT_CLOEXEC, PROTECTED], { into: proc });
      b.call("close", [context]);
    });
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
