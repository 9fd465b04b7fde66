// Whether a container is paused: asked by every command that asks for its status, so that it costs three system calls.

import { O_CLOEXEC, O_RDONLY } from "../abi/constants.ts";
import { attempt, type Fd } from "../kernel/call.ts";
import { CWD, close } from "../kernel/file.ts";

const ONE = "1".charCodeAt(0);

/** That somebody has asked for it, of this cgroup itself. One that is gone, or is going, is not frozen. */
export function isFrozen(path: string): boolean {
  const fd = attempt("openat", CWD, `${path}/cgroup.freeze`, O_RDONLY | O_CLOEXEC, 0);
  if (fd < 0) return false;
  const buffer = new Uint8Array(1);
  const length = attempt("read", fd, buffer, 1);
  close(fd as Fd);
  return length === 1 && buffer[0] === ONE;
}
