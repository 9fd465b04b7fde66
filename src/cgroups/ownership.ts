// config-linux.md, "Cgroup ownership": a container that may write to its cgroup filesystem, which its own cgroup
// namespace confines, gets its cgroup as a user gets a delegated one.

import { AT_EMPTY_PATH, AT_SYMLINK_NOFOLLOW } from "../abi/constants.ts";
import { ENOENT } from "../abi/errno.ts";
import { attempt, call, failure } from "../kernel/call.ts";
import { openDirectory, readFileIfExists, using } from "../kernel/file.ts";

const DELEGATE = "/sys/kernel/cgroup/delegate";
/** Where the kernel does not say it. */
const FILES = "cgroup.procs cgroup.subtree_control cgroup.threads";
/** fchownat(2): leave the group as it is. */
const SAME = 0xffffffff;

/** @param uid on the host; nothing else of the cgroup is given away, above all no limit */
export function giveCgroup(path: string, uid: number): void {
  const context = {
    what: `give cgroup ${path} to uid ${uid}`,
    pointer: "/linux/cgroupsPath",
    hint: "a container that mounts its cgroup filesystem writable owns its cgroup; mount it ro otherwise",
  };
  using(openDirectory(path), (cgroup) => {
    call(context, "fchownat", cgroup, "", uid, SAME, AT_EMPTY_PATH);
    for (const file of (readFileIfExists(DELEGATE) ?? FILES).split(/\s+/)) {
      if (file === "") continue;
      const result = attempt("fchownat", cgroup, file, uid, SAME, AT_SYMLINK_NOFOLLOW);
      // Which of them there are depends on the controllers.
      if (result < 0 && result !== -ENOENT) throw failure(context, -result);
    }
  });
}
