// CRIU wants the root filesystem to be a mount of its own, and makes mounts on the way. None of that is the host's
// business, or is left there by somebody who is killed: it happens in a mount namespace that ends with CRIU.

import { CLONE_NEWNS, MS_BIND, MS_REC, MS_SLAVE, O_PATH, O_RDONLY } from "../abi/constants.ts";
import { call } from "../kernel/call.ts";
import { close, open } from "../kernel/file.ts";

/**
 * Runs `body`, whose children and descriptors stay in the namespace, and takes this process back. What the host mounts
 * meanwhile arrives there, too.
 */
export function inPrivateMounts<T>(root: string, body: () => T): T {
  const before = open("/proc/self/ns/mnt", O_RDONLY);
  const [ownRoot, directory] = [open("/", O_PATH), open(".", O_PATH)];
  call("create a mount namespace for criu", "unshare", CLONE_NEWNS);
  try {
    call("keep criu's mounts from the host", "mount", null, "/", null, MS_REC | MS_SLAVE, null);
    const context = { what: `bind ${root} on itself`, pointer: "/root/path" };
    call(context, "mount", root, root, null, MS_BIND | MS_REC, null);
    return body();
  } finally {
    // A runtime that does not know where it is must not go on.
    call("return to the own mount namespace", "setns", before, CLONE_NEWNS);
    // That has led to the root of the namespace.
    call("return to the own root", "fchdir", ownRoot);
    call("return to the own root", "chroot", ".");
    call("return to the own directory", "fchdir", directory);
    for (const fd of [before, ownRoot, directory]) close(fd);
  }
}
