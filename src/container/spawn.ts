// Starting the stage: its executable in a sealed memfd, its program in another, one clone3 into the new namespaces
// and the cgroup, and nothing inherited but what the program names.

import { address, assemble, spawn, stage } from "runt:host";
import {
  AT_EMPTY_PATH,
  CLONE_INTO_CGROUP,
  CLONE_NEWPID,
  CLONE_NEWUSER,
  CLONE_PIDFD,
  CLONE_VFORK,
  CLONE_VM,
  CLOSE_RANGE_CLOEXEC,
  F_ADD_SEALS,
  F_DUPFD_CLOEXEC,
  F_SEAL_ALL,
  F_SETFD,
  FSCONFIG_CMD_CREATE,
  FSMOUNT_CLOEXEC,
  FSOPEN_CLOEXEC,
  MAP_POPULATE,
  MAP_PRIVATE,
  MAP_SHARED,
  MFD_ALLOW_SEALING,
  MFD_CLOEXEC,
  MFD_EXEC,
  MOUNT_ATTR_RDONLY,
  O_CLOEXEC,
  O_CREAT,
  O_RDONLY,
  O_WRONLY,
  POLLIN,
} from "../abi/constants.ts";
import { EACCES, EINVAL } from "../abi/errno.ts";
import { getWord, longs, mountAttr, words } from "../abi/structs.ts";
import { SYS } from "../abi/syscalls.ts";
import { RuntError } from "../error.ts";
import { attempt, call, type Fd, failure } from "../kernel/call.ts";
import { close, open, openPipe, using } from "../kernel/file.ts";
import { sendSignal, waitForExit } from "../kernel/process.ts";
import { populateLatePages } from "../late_pages.ts";
import type { Program } from "../program/instruction.ts";
import { elsewhere } from "./elsewhere.ts";

/** What fails where the kernel refuses a namespace, or the cgroup. */
export const CANNOT_CLONE = "create the container's process and its namespaces";

const SIGKILL = 9;
/** execve(2) of it is possible, and makes a process that even CAP_SYS_PTRACE of its user namespace does not reach. */
const UNREADABLE = 0o111;

/** A system call of the child: its number and six arguments. */
export type RawCall = readonly [
  number: number,
  ...arguments_: [number, number, number, number, number, number],
];

export function rawCall(number: number, a = 0, b = 0, c = 0, d = 0): RawCall {
  return [number, a, b, c, d, 0, 0];
}

export interface StageRequest {
  /** By the names that the program uses. */
  readonly descriptors: Readonly<Record<string, Fd>>;
  /** CLONE_NEW flags. */
  readonly cloneFlags: number;
  /** To be cloned into; undefined for the one that we are in; "later" where it is not made yet: see `Spawning.begin`. */
  readonly cgroup: Fd | undefined | "later";
  /** Descriptors from 3 on that are the container's and not ours. */
  readonly preserveFds: number;
  /** A time namespace was prepared: the kernel refuses to share memory across one. */
  readonly newTime: boolean;
  /** Made by an intermediate process first: joining a user namespace costs our own privileges. */
  readonly before: readonly RawCall[];
  /** The cgroup may be frozen: nobody waits until the process has executed the stage. */
  readonly mayBeFrozen?: true;
  /** Its program clones a process that goes on beside it: each has registers of its own. */
  readonly forks?: true;
}

/** A stage that is on its way, while we compile what it will run. */
export interface Spawning {
  /** Of a process whose cgroup comes later: now it is cloned into that, which is closed. */
  readonly begin: (cgroup: Fd) => void;
  /** Hands the program over, which is run when the stage is released, or at once, before its process is known here. */
  readonly load: (program: Program, atOnce?: boolean) => void;
  /** Waits until its process exists. @throws RuntError if the clone has failed */
  readonly settle: () => Stage;
  /** Ends the process, if there is one. */
  readonly end: () => void;
}

export interface Stage {
  readonly pid: number;
  readonly pidfd: Fd;
  /** Lets the stage run its program. It is in its cgroup by now, and the maps of a new user namespace are written. */
  readonly release: () => void;
  /** Why the stage was never executed: -1 for execveat, or the index of a call, and the errno. */
  readonly failedCall: () => { readonly call: number; readonly errno: number } | undefined;
}

/** The descriptors of the request are closed when the stage exists: they are its own then. */
export function spawnStage(request: StageRequest): Spawning {
  const { preserveFds } = request;
  const lift = (fd: Fd) => liftAbove(fd, preserveFds);
  const descriptors: Record<string, Fd> = {};
  for (const name of Object.keys(request.descriptors))
    descriptors[name] = lift(request.descriptors[name] as Fd);
  const program = lift(call("create the program's memory", "memfd_create", "program", MFD_CLOEXEC) as Fd);
  const go = openPipe();
  const wait = lift(go.read);
  const executable = stageExecutable();
  const gate = request.cloneFlags & CLONE_NEWUSER ? openPipe() : undefined;
  const byte = new Uint8Array(8);
  const inherited = [program, wait, ...Object.values(descriptors)];
  const after = [rawCall(SYS.close_range, 3 + preserveFds, 0xffffffff, CLOSE_RANGE_CLOEXEC)];
  for (const fd of inherited) after.push(rawCall(SYS.fcntl, fd, F_SETFD, 0));
  // A parent that dies instead leaves ids without a map, and the next call fails. The end that is written to is the child's too.
  if (gate) {
    after.push(rawCall(SYS.close, gate.write), rawCall(SYS.read, gate.read, address(byte), 1));
    after.push(...becomeRoot());
  }
  const pidfd = new Uint8Array(8);
  const status = new Uint8Array(8);
  const waiting =
    request.cgroup === "later" ? waitForCgroup(request.cloneFlags & ~CLONE_NEWPID, lift) : undefined;
  const waits = gate !== undefined || request.mayBeFrozen === true;
  // Nobody else has the file. Private pages would be copied, all of them, before the first instruction.
  const mapping = MAP_POPULATE | (request.forks ? MAP_PRIVATE : MAP_SHARED);
  const settle = spawn({
    cloneArgs: cloneArguments(request, waiting?.place, waits, pidfd),
    before: encodeCalls(waiting?.calls ?? request.before),
    goesFirst: request.before.length > 0,
    elsewhere: waiting?.elsewhere,
    after: encodeCalls(after),
    executable,
    argv: ["runt init", ...[program, wait, mapping].map(String)],
    status,
    direct: request.newTime && request.before.length === 0,
  });
  if (waiting === undefined) populateLatePages();
  const failedCall = () => {
    const errno = getWord(status, 4);
    return errno === 0 ? undefined : { call: getWord(status, 0) | 0, errno };
  };
  let runs = false;
  const letRun = () => {
    if (runs) return;
    runs = true;
    call("let the stage run its program", "write", go.write, byte, 1);
    close(go.write);
  };
  const conclude = (pid: number): Stage | RuntError => {
    for (const fd of [program, wait, executable, ...Object.values(descriptors)]) close(fd);
    if (typeof request.cgroup === "number") close(request.cgroup);
    if (gate) close(gate.read);
    waiting?.close();
    if (pid < 0) return cannotSpawn(request, failedCall()?.errno, -pid);
    return {
      pid,
      pidfd: getWord(pidfd, 0) as Fd,
      failedCall,
      release: () => {
        if (gate) {
          call("let the container's process go on", "write", gate.write, byte, 1);
          close(gate.write);
        }
        letRun();
      },
    };
  };
  let hasEnded = false;
  let child: number | undefined;
  const cloned = () => {
    child ??= settle();
    return child;
  };
  // A time namespace is entered, and left again, by a process that shares its memory with nobody.
  if (request.newTime) cloned();
  let outcome: Stage | RuntError | undefined;
  const settled = () => {
    outcome ??= conclude(cloned());
    return outcome;
  };
  return {
    begin: (cgroup) => {
      waiting?.begin(cgroup);
      populateLatePages();
    },
    load: ({ code }, atOnce = false) => {
      const bytes = assemble(code, SYS, descriptors);
      call("write the program", "write", program, bytes, bytes.length);
      if (atOnce) letRun();
    },
    settle: () => {
      const stage = settled();
      if (stage instanceof RuntError) throw stage;
      return stage;
    },
    end: () => {
      if (hasEnded) return;
      hasEnded = true;
      waiting?.cancel();
      const stage = settled();
      if (!(stage instanceof RuntError)) endChild(stage.pidfd);
    },
  };
}

/** Of the intermediate process, until there is a cgroup for the one that it clones: it makes its namespaces. */
interface Waiting {
  readonly calls: readonly RawCall[];
  /** What the calls point to. */
  readonly structures: readonly unknown[];
  readonly elsewhere: Uint8Array | undefined;
  /** A descriptor that becomes the cgroup's. Until then it is none, and nothing can be cloned into it. */
  readonly place: Fd;
  readonly begin: (cgroup: Fd) => void;
  /** Lets it go on to a clone that fails, unless it has begun. */
  readonly cancel: () => void;
  readonly close: () => void;
}

/** @param namespaces CLONE_NEW flags */
function waitForCgroup(namespaces: number, lift: (fd: Fd) => Fd): Waiting {
  const pipe = openPipe();
  const place = lift(duplicate(pipe.read));
  const ourselves = call("open a pidfd of our own", "pidfd_open", attempt("getpid"), 0) as Fd;
  const apart = elsewhere();
  const entries = words(pipe.read, POLLIN, ourselves, POLLIN);
  let write: Fd | undefined = pipe.write;
  // Its table of descriptors is ours too: what is closed here is closed there, which ends the wait.
  const cancel = () => {
    if (write !== undefined) close(write);
    write = undefined;
  };
  return {
    calls: [
      rawCall(SYS.unshare, namespaces),
      // If we end meanwhile, it goes on to a clone that fails.
      rawCall(SYS.ppoll, address(entries), 2),
      ...(apart ? [rawCall(SYS.sched_setaffinity, 0, apart.own.length, address(apart.own))] : []),
    ],
    structures: [entries, apart],
    elsewhere: apart?.others,
    place,
    begin: (cgroup) => {
      call("hand the cgroup on", "dup3", cgroup, place, O_CLOEXEC);
      close(cgroup);
      cancel();
    },
    cancel,
    close: () => {
      close(pipe.read);
      close(place);
      close(ourselves);
    },
  };
}

/** Kills our child, unless it has been waited for already. */
export function endChild(pidfd: Fd): void {
  if (sendSignal(pidfd, SIGKILL)) waitForExit(pidfd);
  close(pidfd);
}

/** @param ofCall of the intermediate process, which joins namespaces or makes them, before the clone */
function cannotSpawn({ before }: StageRequest, ofCall: number | undefined, ofClone: number): RuntError {
  const isJoining = before.length > 0 && ofCall !== undefined;
  return failure(isJoining ? "join the container's namespaces" : CANNOT_CLONE, ofCall ?? ofClone);
}

/** Root of a new user namespace, whatever ids it came from: execve keeps capabilities only for a mapped root. */
export function becomeRoot(): readonly RawCall[] {
  return [rawCall(SYS.setresgid), rawCall(SYS.setresuid)];
}

function cloneArguments(
  request: StageRequest,
  place: Fd | undefined,
  waits: boolean,
  pidfd: Uint8Array,
): Uint8Array {
  // A child that waits for us, or for a time namespace, cannot be waited for, or share memory.
  const sharing = (request.newTime ? 0 : CLONE_VM) + (waits ? 0 : CLONE_VFORK);
  const cgroup = request.cgroup === "later" ? place : request.cgroup;
  const into = cgroup === undefined ? 0 : CLONE_INTO_CGROUP;
  // The intermediate process has made the others already.
  const namespaces = place === undefined ? request.cloneFlags : request.cloneFlags & CLONE_NEWPID;
  const flags = namespaces + sharing + CLONE_PIDFD + into;
  return longs(flags, address(pidfd), 0, 0, 0, 0, 0, 0, 0, 0, cgroup ?? 0);
}

export function encodeCalls(calls: readonly RawCall[]): Uint8Array {
  return longs(...calls.flat());
}

/** Numbers below belong to the caller's descriptors, even where the caller left a hole. */
export function liftAbove(fd: Fd, preserveFds: number): Fd {
  if (fd >= 3 + preserveFds) return fd;
  const lifted = duplicate(fd, 3 + preserveFds);
  close(fd);
  return lifted;
}

/** @param from the first number that it may have */
export function duplicate(fd: Fd, from = 3): Fd {
  return call("duplicate a descriptor", "fcntl", fd, F_DUPFD_CLOEXEC, from) as Fd;
}

/** Sealed, so that nobody who reaches it through /proc/PID/exe can change what the next container runs. */
function stageExecutable(): Fd {
  const flags = MFD_CLOEXEC | MFD_ALLOW_SEALING;
  let fd = attempt("memfd_create", "runt-init", flags | MFD_EXEC);
  // Kernels before 6.3 do not know the flag and need none.
  if (fd === -EINVAL) fd = attempt("memfd_create", "runt-init", flags);
  // vm.memfd_noexec=2
  if (fd === -EACCES) return executableOnMount();
  if (fd < 0) throw failure("create the stage's memory", -fd);
  call("write the stage", "write", fd, stage, stage.length);
  call("protect the stage", "fchmod", fd, UNREADABLE);
  call("seal the stage", "fcntl", fd, F_ADD_SEALS, F_SEAL_ALL);
  return fd as Fd;
}

/** The same protection from a read-only filesystem that is attached nowhere. */
function executableOnMount(): Fd {
  const context = call("create a filesystem for the stage", "fsopen", "tmpfs", FSOPEN_CLOEXEC) as Fd;
  call("create a filesystem for the stage", "fsconfig", context, FSCONFIG_CMD_CREATE, null, null, 0);
  const mount = call("create a mount for the stage", "fsmount", context, FSMOUNT_CLOEXEC, 0) as Fd;
  close(context);
  using(open("stage", O_WRONLY | O_CREAT, { at: mount, mode: UNREADABLE }), (file) => {
    call("write the stage", "write", file, stage, stage.length);
  });
  const readOnly = mountAttr(MOUNT_ATTR_RDONLY, 0);
  call("seal the stage", "mount_setattr", mount, "", AT_EMPTY_PATH, readOnly, readOnly.length);
  return using(mount, () => open("stage", O_RDONLY, { at: mount }));
}
