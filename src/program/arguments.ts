// The arguments of a system call as strace(1) would print them. One table: for each call, what its arguments are. What
// is not in the table is printed as it is.

import {
  F_SETFL,
  FSCONFIG_CMD_CREATE,
  FSCONFIG_SET_FLAG,
  KEYCTL_SETPERM,
  PR_CAP_AMBIENT,
  PR_CAP_AMBIENT_CLEAR_ALL,
  PR_CAPBSET_DROP,
  TIOCGPTPEER,
} from "../abi/constants.ts";
import type { SyscallName } from "../abi/syscalls.ts";
import type { Operand } from "./instruction.ts";
import * as names from "./names.ts";
import { formatOperand } from "./operand.ts";

/** undefined leaves the argument out: it says nothing that the reader does not know. */
type Format = (operand: Operand) => string | undefined;

const plain: Format = formatOperand;

/** For numbers. A register or a structure in their place is printed as what it is. */
function number(format: names.NumberFormat): Format {
  return (operand) =>
    typeof operand === "number" || typeof operand === "bigint" ? format(Number(operand)) : plain(operand);
}

/** An argument that the call does not use. */
const unused: Format = (operand) => (operand === null || operand === 0 ? undefined : plain(operand));

/** The size of the structure before it, which is shown only if it is another. */
function sizeIs(size: number): Format {
  return (operand) => (operand === size ? undefined : plain(operand));
}

/** The environment of execve(2): most programs have too much of it for a line. */
const variables: Format = (operand) => {
  if (operand === null || typeof operand !== "object" || operand.kind !== "data") return plain(operand);
  const count = operand.pointers.length;
  return `/* ${count} ${count === 1 ? "variable" : "variables"} */`;
};

type Signature = readonly Format[] | ((args: readonly Operand[]) => readonly Format[]);

/** A call whose last arguments depend on the command before them. */
function command(
  before: readonly Format[],
  byCommand: readonly (readonly [command: number, signature: Signature])[],
  others: Signature = [plain],
): Signature {
  const signatures = new Map<Operand, Signature>(byCommand);
  return (args) => {
    const signature = signatures.get(args[before.length - 1] ?? null) ?? others;
    return [...before, ...formatsOf(signature, args.slice(before.length))];
  };
}

function formatsOf(signature: Signature, args: readonly Operand[]): readonly Format[] {
  return typeof signature === "function" ? signature(args) : signature;
}

const directory = number(names.directory);
const at = number(names.atFlags);
const mode = number(names.octal);
const capability = number(names.capability);

/** Every argument that the call uses. */
const SIGNATURES: Partial<Record<SyscallName, Signature>> = {
  accept4: [plain, unused, unused, number(names.socketType)],
  clone: [number(names.cloneFlags), unused, plain, unused, unused],
  close_range: [plain, plain, number(names.closeRangeFlags)],
  execve: [plain, plain, variables],
  execveat: [directory, plain, plain, variables, at],
  dup3: [plain, plain, unused],
  faccessat2: [directory, plain, number(names.accessMode), number(names.accessFlags)],
  fchmod: [plain, mode],
  fchmodat: [directory, plain, mode],
  fchownat: [directory, plain, plain, plain, at],
  fcntl: command([plain, number(names.fcntlCommand)], [[F_SETFL, [number(names.openFlags)]]]),
  fsconfig: command(
    [plain, number(names.fsconfigCommand)],
    [
      [FSCONFIG_SET_FLAG, [plain]],
      [FSCONFIG_CMD_CREATE, []],
    ],
    [plain, plain],
  ),
  fsmount: [plain, number(names.fsmountFlags), number(names.mountAttributes)],
  fsopen: [plain, number(names.fsopenFlags)],
  ioctl: command([plain, number(names.ioctlCommand)], [[TIOCGPTPEER, [number(names.openFlags)]]]),
  keyctl: command([number(names.keyctlCommand)], [[KEYCTL_SETPERM, [plain, number(names.hexadecimal)]]]),
  kill: [plain, number(names.signal)],
  mkdirat: [directory, plain, mode],
  mknodat: [directory, plain, number(names.fileMode), number(names.device)],
  mount: [plain, plain, plain, number(names.mountFlags), plain],
  mount_setattr: [directory, plain, at, plain, sizeIs(32)],
  move_mount: [directory, plain, directory, plain, number(names.moveMountFlags)],
  newfstatat: [directory, plain, plain, at],
  open_tree: [directory, plain, number(names.openTreeFlags)],
  openat: [directory, plain, number(names.openFlags)],
  openat2: [directory, plain, plain, sizeIs(24)],
  ppoll: [plain, plain, plain, unused, unused],
  prctl: command(
    [number(names.prctlCommand)],
    [
      [PR_CAPBSET_DROP, [capability]],
      [
        PR_CAP_AMBIENT,
        command([number(names.ambientCommand)], [[PR_CAP_AMBIENT_CLEAR_ALL, []]], [capability]),
      ],
    ],
  ),
  prlimit64: [plain, number(names.rlimit), plain, plain],
  recvfrom: [plain, plain, plain, number(names.messageFlags)],
  recvmsg: [plain, plain, number(names.messageFlags)],
  rt_sigaction: [number(names.signal), plain, plain, sizeIs(8)],
  rt_sigprocmask: [number(names.maskCommand), plain, plain, sizeIs(8)],
  seccomp: [number(names.seccompOperation), number(names.seccompFlags), plain],
  sendmsg: [plain, plain, number(names.messageFlags)],
  sendto: [plain, plain, plain, number(names.messageFlags)],
  setns: [plain, number(names.namespaces)],
  socket: [number(names.addressFamily), number(names.socketType), plain],
  symlinkat: [plain, directory, plain],
  umask: [mode],
  umount2: [plain, number(names.unmountFlags)],
  unlinkat: [directory, plain, number(names.unlinkFlags)],
  unshare: [number(names.namespaces)],
};

export function formatArguments(name: SyscallName, args: readonly Operand[]): string {
  const signature = SIGNATURES[name];
  if (signature === undefined) return args.map(plain).join(", ");
  const formats = formatsOf(signature, args);
  // The stage passes 0 for what a program leaves out.
  const all = [...args, ...formats.slice(args.length).map(() => 0)];
  return all
    .map((operand, index) => (formats[index] ?? unused)(operand))
    .filter((text) => text !== undefined)
    .join(", ");
}
