// `process.user`: numbers in the container's user namespace, never names (CVE-2016-3697).

import { PR_SET_KEEPCAPS } from "../abi/constants.ts";
import { EINVAL, EPERM, EROFS } from "../abi/errno.ts";
import { words } from "../abi/structs.ts";
import { type Builder, data, tolerate } from "../program/builder.ts";
import type { User } from "../spec/types.ts";

export interface UserFacts {
  /** The kernel refuses setgroups(2) in this user namespace: user_namespaces(7). */
  readonly setgroupsDenied: boolean | "perhaps";
  /** Descriptors 0 to 2 that are a file of somebody else's and not the null device. */
  readonly foreignStdio: readonly number[];
}

export function compileUser(b: Builder, user: User, facts: UserFacts): void {
  const gids = user.additionalGids ?? [];
  b.from("/process/user/uid");
  // The container's user shall be able to open /proc/self/fd/1; whoever owns a shared file decides that, not we.
  for (const fd of facts.foreignStdio) {
    b.call("fchown", [fd, user.uid, -1], { on: tolerate(EPERM, EINVAL, EROFS) });
  }
  b.call("prctl", [PR_SET_KEEPCAPS, 1]);
  if (facts.setgroupsDenied !== true) {
    b.from("/process/user/additionalGids");
    // Who asks for groups has to get them; where they can't be changed, those of the caller stay.
    const on = facts.setgroupsDenied === "perhaps" && gids.length === 0 ? tolerate(EPERM) : undefined;
    b.call("setgroups", [gids.length, gids.length > 0 ? data(words(...gids), "gids") : null], { on });
  }
  b.from("/process/user/gid");
  b.call("setresgid", [user.gid, user.gid, user.gid]);
  b.from("/process/user/uid");
  b.call("setresuid", [user.uid, user.uid, user.uid]);
}
