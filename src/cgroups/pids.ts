// Who is in a cgroup, and in those below it.

import { decode } from "runt:host";
import { O_DIRECTORY, O_RDONLY } from "../abi/constants.ts";
import { ENODEV, EOPNOTSUPP } from "../abi/errno.ts";
import { attempt, type Fd, failure } from "../kernel/call.ts";
import { isDirectory, list, openIfExists, statPath, using } from "../kernel/file.ts";
import { lines } from "../lines.ts";

const CHUNK = 4096;

/** None in a cgroup that is gone. */
export function cgroupPids(path: string): readonly number[] {
  const directory = openIfExists(path, O_RDONLY | O_DIRECTORY);
  return directory === undefined ? [] : using(directory, pidsBelow);
}

/** By descriptor: the container may rename and remove what is below its cgroup at any time. */
function pidsBelow(directory: Fd): readonly number[] {
  const below = list(directory).flatMap((name) => {
    const status = statPath(name, directory);
    if (typeof status === "number" || !isDirectory(status)) return [];
    const child = openIfExists(name, O_RDONLY | O_DIRECTORY, directory);
    return child === undefined ? [] : using(child, pidsBelow);
  });
  return [...ownPids(directory), ...below];
}

function ownPids(directory: Fd): readonly number[] {
  const procs = openIfExists("cgroup.procs", O_RDONLY, directory);
  if (procs === undefined) return [];
  return lines(using(procs, readProcs)).map(Number);
}

function readProcs(procs: Fd): string {
  const buffer = new Uint8Array(CHUNK);
  let text = "";
  for (;;) {
    const length = attempt("read", procs, buffer, buffer.length);
    // It is being removed, or threaded: then its processes are those of the cgroup above.
    if (length === -ENODEV || length === -EOPNOTSUPP) return "";
    if (length < 0) throw failure("read cgroup.procs", -length);
    if (length === 0) return text;
    text += decode(buffer, 0, length);
  }
}
