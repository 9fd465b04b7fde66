// Starting the stage: its executable in a sealed memfd, its program in another, one clone3 into the new namespaces
// and the cgroup, and nothing inherited but what the program names.

import { address, assemble, spawn, stage } from "runt:host";
import {
  AT_EMPTY_PATH,
  CLONE_INTO_CGROUP,
  CLONE_NEWUSER,
  CLONE_PIDFD,
  CLONE_VFORK,
  CLONE_VM,
  CLOSE_RANGE_CLOEXEC,
  F_ADD_SEALS,
  F_SEAL_ALL,
  F_SETFD,
  FSCONFIG_CMD_CREATE,
  FSMOUNT_CLOEXEC,
  FSOPEN_CLOEXEC,
  MFD_ALLOW_SEALING,
  MFD_CLOEXEC,
  MFD_EXEC,
  MOUNT_ATTR_RDONLY,
  O_CREAT,
  O_RDONLY,
  O_WRONLY,
} from "../abi/constants.ts";
import { EACCES, EINVAL } from "../abi/errno.ts";
import { getWord, longs, mountAttr } from "../abi/structs.ts";
import { SYS } from "../abi/syscalls.ts";
import { RuntError } from "../error.ts";
import { attempt, call, type Fd, failure } from "../kernel/call.ts";
import { close, open, openPipe, using } from "../kernel/file.ts";
import { sendSignal, waitForExit } from "../kernel/process.ts";
import type { Program } from "../program/instruction.ts";

const F_DUPFD_CLOEXEC = 1030;
const SIGKILL = 9;

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
  /** To be cloned into; undefined for the one that we are in. */
  readonly cgroup: Fd | undefined;
  /** Descriptors from 3 on that are the container's and not ours. */
  readonly preserveFds: number;
  /** A time namespace was prepared: the kernel refuses to share memory across one. */
  readonly newTime: boolean;
  /** Made by an intermediate process first: joining a user namespace costs our own privileges. */
  readonly before: readonly RawCall[];
}

/** A stage that is on its way, while we compile what it will run. */
export interface Spawning {
  /** Hands the program over, which is run when the stage is released. */
  readonly load: (program: Program) => void;
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
  // A parent that dies instead leaves ids without a map, and the next call fails.
  if (gate) after.push(rawCall(SYS.read, gate.read, address(byte), 1), ...becomeRoot());
  const pidfd = new Uint8Array(8);
  const status = new Uint8Array(8);
  const settle = spawn({
    cloneArgs: cloneArguments(request, gate !== undefined, pidfd),
    before: encodeCalls(request.before),
    after: encodeCalls(after),
    executable,
    argv: ["runt init", String(program), String(wait)],
    status,
    direct: request.newTime && request.before.length === 0,
  });
  const failedCall = () => {
    const errno = getWord(status, 4);
    return errno === 0 ? undefined : { call: getWord(status, 0) | 0, errno };
  };
  const conclude = (pid: number): Stage | RuntError => {
    for (const fd of [program, wait, executable, ...Object.values(descriptors)]) close(fd);
    if (request.cgroup !== undefined) close(request.cgroup);
    if (gate) close(gate.read);
    if (pid < 0) return cannotSpawn(failedCall()?.errno, -pid);
    return {
      pid,
      pidfd: getWord(pidfd, 0) as Fd,
      failedCall,
      release: () => {
        if (gate) {
          call("let the container's process go on", "write", gate.write, byte, 1);
          close(gate.write);
        }
        call("let the stage run its program", "write", go.write, byte, 1);
        close(go.write);
      },
    };
  };
  let outcome: Stage | RuntError | undefined;
  const settled = () => {
    outcome ??= conclude(settle());
    return outcome;
  };
  return {
    load: ({ code }) => {
      const bytes = assemble(code, SYS, descriptors);
      call("write the program", "write", program, bytes, bytes.length);
    },
    settle: () => {
      const stage = settled();
      if (stage instanceof RuntError) throw stage;
      return stage;
    },
    end: () => {
      const stage = settled();
      if (!(stage instanceof RuntError)) endStage(stage);
    },
  };
}

function endStage({ pidfd }: Stage): void {
  sendSignal(pidfd, SIGKILL);
  waitForExit(pidfd);
  close(pidfd);
}

function cannotSpawn(ofJoining: number | undefined, ofClone: number): RuntError {
  if (ofJoining !== undefined) return failure("join the container's namespaces", ofJoining);
  return failure("create the container's process and its namespaces", ofClone);
}

/** Root of a new user namespace, whatever ids it came from: execve keeps capabilities only for a mapped root. */
export function becomeRoot(): readonly RawCall[] {
  return [rawCall(SYS.setresgid), rawCall(SYS.setresuid)];
}

function cloneArguments(request: StageRequest, waits: boolean, pidfd: Uint8Array): Uint8Array {
  // A child that waits for us, or for a time namespace, cannot be waited for, or share memory.
  const sharing = (request.newTime ? 0 : CLONE_VM) + (waits ? 0 : CLONE_VFORK);
  const into = request.cgroup === undefined ? 0 : CLONE_INTO_CGROUP;
  const flags = request.cloneFlags + sharing + CLONE_PIDFD + into;
  return longs(flags, address(pidfd), 0, 0, 0, 0, 0, 0, 0, 0, request.cgroup ?? 0);
}

function encodeCalls(calls: readonly RawCall[]): Uint8Array {
  return longs(...calls.flat());
}

/** Numbers below belong to the caller's descriptors, even where the caller left a hole. */
function liftAbove(fd: Fd, preserveFds: number): Fd {
  if (fd >= 3 + preserveFds) return fd;
  const lifted = call("duplicate a descriptor", "fcntl", fd, F_DUPFD_CLOEXEC, 3 + preserveFds) as Fd;
  close(fd);
  return lifted;
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
  call("seal the stage", "fcntl", fd, F_ADD_SEALS, F_SEAL_ALL);
  return fd as Fd;
}

/** The same protection from a read-only filesystem that is attached nowhere. */
function executableOnMount(): Fd {
  const context = call("create a filesystem for the stage", "fsopen", "tmpfs", FSOPEN_CLOEXEC) as Fd;
  call("create a filesystem for the stage", "fsconfig", context, FSCONFIG_CMD_CREATE, null, null, 0);
  const mount = call("create a mount for the stage", "fsmount", context, FSMOUNT_CLOEXEC, 0) as Fd;
  close(context);
  using(open("stage", O_WRONLY | O_CREAT, { at: mount, mode: 0o500 }), (file) => {
    call("write the stage", "write", file, stage, stage.length);
  });
  const readOnly = mountAttr(MOUNT_ATTR_RDONLY, 0);
  call("seal the stage", "mount_setattr", mount, "", AT_EMPTY_PATH, readOnly, readOnly.length);
  return using(mount, () => open("stage", O_RDONLY, { at: mount }));
}
