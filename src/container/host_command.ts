// A program of the host: how it is started, with nothing of ours but what it is given, and a command that runs to its
// end for what it prints.

import { address, encode, spawn } from "runt:host";
import {
  CLONE_PIDFD,
  CLONE_VFORK,
  CLONE_VM,
  CLOSE_RANGE_CLOEXEC,
  O_RDONLY,
  S_IFMT,
  S_IFREG,
  SIG_SETMASK,
  X_OK,
} from "../abi/constants.ts";
import { EACCES, ENOENT } from "../abi/errno.ts";
import { getLong, getWord, longs, STAT } from "../abi/structs.ts";
import { SYS } from "../abi/syscalls.ts";
import type { RuntError } from "../error.ts";
import { attempt, type Fd, failure } from "../kernel/call.ts";
import { CWD, close, open, openPipe, readAll, statPath, using } from "../kernel/file.ts";
import { resetSigchld, waitForExit } from "../kernel/process.ts";
import { readCaller } from "./host.ts";
import { duplicate, encodeCalls, liftAbove, type RawCall, rawCall } from "./spawn.ts";

/** Engines call with an empty environment. */
export const DEFAULT_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
const SIGSET = 8;
/** `struct sigaction` of the kernel; zeros are the default. */
const SIGACTION = 32;
/** No file of ours: the last of the calls executes the path, since an interpreter opens a script once more. */
const NO_FILE = -1;

export interface HostProgram {
  readonly path: string;
  readonly argv: readonly string[];
  readonly env: readonly string[];
  /** Standard input, output and errors, and what else it gets from 3 on. They are closed here when it has them. */
  readonly streams: readonly [Fd, Fd, Fd, ...Fd[]];
  /** Where it starts; where we are, unless given. */
  readonly directory?: string;
  /** Made before it is executed. */
  readonly calls?: readonly RawCall[];
}

export interface HostProcess {
  readonly pid: number;
  readonly pidfd: Fd;
}

/** A child that executes it. Where it can't, because of this errno, `describe` says what to throw. */
export function startProgram(
  { path, argv, env, streams, directory, calls = [] }: HostProgram,
  describe: (errno: number) => RuntError,
): HostProcess {
  resetSigchld();
  const pidfd = new Uint8Array(8);
  const status = new Uint8Array(8);
  const zeros = new Uint8Array(SIGACTION);
  const strings = pointerTable([path, directory ?? ""]);
  const arguments_ = pointerTable(argv);
  const environment = pointerTable(env);
  const lifted = streams.map((fd) => liftAbove(fd, streams.length - 3));
  const after: readonly RawCall[] = [
    ...lifted.map((fd, number) => rawCall(SYS.dup3, fd, number)),
    rawCall(SYS.close_range, streams.length, 0xffffffff, CLOSE_RANGE_CLOEXEC),
    ...readCaller().ignoredSignals.map((signal) =>
      rawCall(SYS.rt_sigaction, signal, address(zeros), 0, SIGSET),
    ),
    rawCall(SYS.rt_sigprocmask, SIG_SETMASK, address(zeros), 0, SIGSET),
    ...(directory === undefined ? [] : [rawCall(SYS.chdir, getLong(strings, 8))]),
    ...calls,
    rawCall(SYS.execve, getLong(strings, 0), address(arguments_), address(environment)),
  ];
  const settle = spawn({
    cloneArgs: longs(CLONE_VM + CLONE_VFORK + CLONE_PIDFD, address(pidfd), 0, 0, 0, 0, 0, 0, 0, 0, 0),
    before: new Uint8Array(),
    goesFirst: false,
    after: encodeCalls(after),
    executable: NO_FILE,
    argv: [],
    direct: false,
    status,
  });
  const pid = settle();
  lifted.forEach(close);
  if (pid < 0) throw describe(-pid);
  const child = { pid, pidfd: getWord(pidfd, 0) as Fd };
  const errno = getWord(status, 4);
  if (errno === 0) return child;
  using(child.pidfd, waitForExit);
  throw describe(errno);
}

/** Pointers to strings, then a null pointer, as execve(2) has them; then the strings. */
function pointerTable(strings: readonly string[]): Uint8Array {
  let at = (strings.length + 1) * 8;
  const table = new Uint8Array(strings.reduce((size, text) => size + text.length + 1, at));
  const pointers = strings.map((text) => {
    encode(table, at, text);
    at += text.length + 1;
    return address(table) + at - text.length - 1;
  });
  table.set(longs(...pointers));
  return table;
}

export interface CommandResult {
  /** Of what was executed. */
  readonly path: string;
  /** As waitForExit says it. */
  readonly status: number;
  /** With its errors. */
  readonly output: string;
}

/** Without an environment. @throws RuntError if there is no such program */
export function runCommand(argv: readonly string[], searchPath: string | undefined): CommandResult {
  const name = argv[0] ?? "";
  const path = findExecutable(name, searchPath);
  const { read, write } = openPipe();
  const streams = [open("/dev/null", O_RDONLY), write, duplicate(write)] as const;
  const { pidfd } = startProgram({ path, argv, env: [], streams }, (errno) =>
    failure(`execute ${name}`, errno),
  );
  const output = using(read, (fd) => readAll(fd, `what ${name} prints`));
  return { path, status: using(pidfd, waitForExit), output };
}

/** @throws RuntError if there is no such program */
export function findExecutable(name: string, searchPath = DEFAULT_PATH): string {
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
