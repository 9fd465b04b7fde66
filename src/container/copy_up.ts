// The copying of `tmpcopyup`, by a child of the runtime that is in the container's cgroup and user namespace: what it
// copies is charged to the container, and it may read and own what the container's root may.

import { CLONE_NEWUSER, PR_SET_DUMPABLE } from "../abi/constants.ts";
import { mountPoint } from "../cgroups/cgroupfs.ts";
import { ownCgroup } from "../cgroups/path.ts";
import { type ErrorRecord, RuntError } from "../error.ts";
import { attempt, call, type Fd } from "../kernel/call.ts";
import { copyTree } from "../kernel/copy.ts";
import { close, openPipe, readFile, using, writeValue } from "../kernel/file.ts";
import { type Forked, fork } from "../kernel/fork.ts";

export interface CopyRequest {
  readonly from: Fd;
  readonly to: Fd;
  /** Of the mount. */
  readonly pointer: string;
  /** The container's process, whose cgroup it is. */
  readonly owner: { readonly pid: number; readonly pidfd: Fd };
  /** It has a user namespace of its own. */
  readonly ownUser: boolean;
}

/** Closes `from` and `to`. @throws RuntError if not all of it could be copied */
export function copyUp(request: CopyRequest): void {
  const { from, to, owner, pointer } = request;
  const go = openPipe();
  const child = fork();
  if (child.pid === 0) copyInChild(request, go, child);
  for (const fd of [go.read, from, to]) close(fd);
  // A child that does not hear the byte ends.
  using(go.write, () => {
    enterCgroup(child.pid, owner.pid);
    call("let a child copy", "write", go.write, new Uint8Array(1), 1);
  });
  const { said, isWell } = child.hear();
  if (said !== "") throw new RuntError({ ...(JSON.parse(said) as ErrorRecord), pointer });
  if (isWell) return;
  throw new RuntError({
    pointer,
    what: "what copies the directory was killed",
    hint: "it counts against the container's memory limit: see memory.events of its cgroup",
  });
}

function enterCgroup(child: number, pid: number): void {
  const theirs = ownCgroup(readFile(`/proc/${pid}/cgroup`));
  if (theirs !== ownCgroup(readFile("/proc/self/cgroup")))
    writeValue(`${mountPoint()}${theirs}/cgroup.procs`, String(child));
}

function copyInChild(
  { from, to, owner, ownUser }: CopyRequest,
  go: ReturnType<typeof openPipe>,
  { end }: Forked,
): void {
  try {
    close(go.write);
    if (call("wait for the parent", "read", go.read, new Uint8Array(1), 1) !== 1) end("", false);
    // Nobody in a namespace that it joins may trace it.
    call("hide from tracers", "prctl", PR_SET_DUMPABLE, 0, 0, 0, 0);
    if (ownUser) {
      call("enter the user namespace", "setns", owner.pidfd, CLONE_NEWUSER);
      call("become its root", "setresgid", 0, 0, 0);
      call("become its root", "setresuid", 0, 0, 0);
    }
    attempt("umask", 0);
    copyTree(from, to);
    end("", true);
  } catch (error) {
    end(JSON.stringify(error instanceof RuntError ? error.record : { what: String(error) }), false);
  }
}
