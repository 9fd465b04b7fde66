// Which cgroup a process of `exec` is cloned into.

import { O_CLOEXEC, O_DIRECTORY, O_RDONLY, RESOLVE_BENEATH, RESOLVE_NO_SYMLINKS } from "../abi/constants.ts";
import { ENOENT, EXDEV } from "../abi/errno.ts";
import { openHow } from "../abi/structs.ts";
import { mountPoint, openCgroup } from "../cgroups/cgroupfs.ts";
import { ownCgroup } from "../cgroups/path.ts";
import { RuntError } from "../error.ts";
import { attempt, type Fd, failure } from "../kernel/call.ts";
import { openDirectory, readFile, using } from "../kernel/file.ts";
import { isAlive } from "../kernel/process.ts";
import { type ContainerRecord, type ProcessId, requireCgroup } from "./record.ts";

/**
 * Undefined for a container that has none.
 * @param below path relative to the container's cgroup, out of which it must not lead
 */
export function openExecCgroup(record: ContainerRecord, below: string | undefined): Fd | undefined {
  if (!below) return record.cgroup === "" ? undefined : openCgroup(record.cgroup);
  const container = requireCgroup(record);
  const path = below.split("/").filter((part) => part !== "");
  if (path.length === 0) return openCgroup(container);
  const how = openHow(O_RDONLY | O_DIRECTORY | O_CLOEXEC, RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS);
  const fd = using(openDirectory(container), (at) => attempt("openat2", at, path.join("/"), how, how.length));
  if (fd >= 0) return fd as Fd;
  if (fd === -EXDEV) {
    throw new RuntError({
      what: `${below} is not a sub cgroup path`,
      hint: "--cgroup takes a path below the container's cgroup",
    });
  }
  const hint = fd === -ENOENT ? { hint: "--cgroup names a cgroup that the container has made" } : {};
  throw failure({ what: `open cgroup ${below} below ${container}`, ...hint }, -fd);
}

/** Where the container's first process has put itself. */
export function openInitCgroup({ pid, startTime }: ProcessId): Fd {
  const path = ownCgroup(readFile(`/proc/${pid}/cgroup`));
  // Asked after the file was read: it was that process's.
  if (path === undefined || !isAlive(pid, startTime))
    throw new RuntError({ what: `process ${pid} has ended` });
  return openCgroup(mountPoint() + path);
}
