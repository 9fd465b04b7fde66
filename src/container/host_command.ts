// A program of the host that runs to its end: what it prints, and how it ended. It gets no environment and none of our
// descriptors but the standard ones, of which output and errors are one pipe.

import { address, spawn } from "runt:host";
import {
  CLONE_PIDFD,
  CLONE_VFORK,
  CLONE_VM,
  CLOSE_RANGE_CLOEXEC,
  O_PATH,
  S_IFMT,
  S_IFREG,
  X_OK,
} from "../abi/constants.ts";
import { EACCES, ENOENT } from "../abi/errno.ts";
import { getWord, longs, STAT } from "../abi/structs.ts";
import { SYS } from "../abi/syscalls.ts";
import { attempt, type Fd, failure } from "../kernel/call.ts";
import { CWD, close, open, openPipe, readAll, statPath, using } from "../kernel/file.ts";
import { waitForExit } from "../kernel/process.ts";

/** Engines call with an empty environment. */
const DEFAULT_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

export interface CommandResult {
  /** As waitForExit says it. */
  readonly status: number;
  readonly output: string;
}

/** @throws RuntError if there is no such program */
export function runCommand(argv: readonly string[], searchPath: string | undefined): CommandResult {
  const name = argv[0] ?? "";
  const executable = open(findExecutable(name, searchPath), O_PATH);
  const { read, write } = openPipe();
  const pidfd = new Uint8Array(8);
  const status = new Uint8Array(8);
  const settle = spawn({
    cloneArgs: longs(CLONE_VM + CLONE_VFORK + CLONE_PIDFD, address(pidfd), 0, 0, 0, 0, 0, 0, 0, 0, 0),
    before: new Uint8Array(),
    after: longs(
      ...[SYS.dup3, write, 1, 0, 0, 0, 0],
      ...[SYS.dup3, write, 2, 0, 0, 0, 0],
      ...[SYS.close_range, 3, 0xffffffff, CLOSE_RANGE_CLOEXEC, 0, 0, 0],
    ),
    executable,
    argv,
    direct: false,
    status,
  });
  const pid = settle();
  close(write);
  close(executable);
  if (pid < 0) throw failure(`start ${name}`, -pid);
  const output = using(read, (fd) => readAll(fd, `what ${name} prints`));
  const ended = using(getWord(pidfd, 0) as Fd, waitForExit);
  const errno = getWord(status, 4);
  if (errno !== 0) throw failure(`execute ${name}`, errno);
  return { status: ended, output };
}

function findExecutable(name: string, searchPath = DEFAULT_PATH): string {
  // An empty entry would be the working directory, which is the bundle.
  const directories = searchPath.split(":").filter((directory) => directory.startsWith("/"));
  const paths = directories.map((directory) => `${directory}/${name}`);
  const there = paths.filter(isRegularFile);
  const found = there.find((path) => attempt("faccessat2", CWD, path, X_OK, 0) === 0);
  if (found !== undefined) return found;
  const hint = `it is looked for in ${directories.join(":")}`;
  throw failure({ what: `execute ${name}`, hint }, there.length > 0 ? EACCES : ENOENT);
}

function isRegularFile(path: string): boolean {
  const status = statPath(path);
  return typeof status !== "number" && (getWord(status, STAT.mode) & S_IFMT) === S_IFREG;
}
