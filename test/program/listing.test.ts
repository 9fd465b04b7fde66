// What each kind of instruction and each kind of argument looks like. Whole programs are in golden.test.ts.

import { describe, expect, test } from "vitest";
import {
  AT_EMPTY_PATH,
  AT_FDCWD,
  AT_RECURSIVE,
  CLONE_NEWNET,
  F_GETFD,
  F_SETFL,
  FSCONFIG_CMD_CREATE,
  FSCONFIG_SET_FLAG,
  FSCONFIG_SET_STRING,
  KEYCTL_SETPERM,
  MOUNT_ATTR__ATIME,
  MOUNT_ATTR_NOATIME,
  MOUNT_ATTR_NOSUID,
  MOUNT_ATTR_RDONLY,
  MS_SLAVE,
  O_CREAT,
  O_NONBLOCK,
  O_PATH,
  O_RDWR,
  O_WRONLY,
  PR_CAP_AMBIENT,
  PR_CAP_AMBIENT_CLEAR_ALL,
  PR_CAP_AMBIENT_RAISE,
  PR_CAPBSET_DROP,
  PR_SET_DUMPABLE,
  PR_SET_NO_NEW_PRIVS,
  RESOLVE_IN_ROOT,
  RESOLVE_NO_MAGICLINKS,
  S_IFBLK,
  S_IFCHR,
  SIG_SETMASK,
  SIOCSIFFLAGS,
  TIOCGPTPEER,
  TIOCSCTTY,
  TIOCSPTLCK,
} from "../../src/abi/constants.ts";
import { EACCES, EEXIST, ENOENT } from "../../src/abi/errno.ts";
import { deviceNumber, longs, mountAttr, openHow, STAT, words } from "../../src/abi/structs.ts";
import type { SyscallName } from "../../src/abi/syscalls.ts";
import { formatArguments } from "../../src/program/arguments.ts";
import {
  addressOf,
  branch,
  data,
  field,
  inherited,
  pointerArray,
  programBuilder,
  text,
  tolerate,
} from "../../src/program/builder.ts";
import type { Data, Operand, Register } from "../../src/program/instruction.ts";
import { formatProgram } from "../../src/program/listing.ts";

const FD: Register = { kind: "register", index: 3, name: "fd" };

test("a program: numbers, calls with branches, registers, jumps, ends and where they come from", () => {
  const b = programBuilder();
  const made = b.label();
  const end = b.label();
  const buffer = data(new Uint8Array(STAT.size), "stat");
  const value = b.register("value");
  b.from("/process/cwd");
  b.place(made);
  b.call("mkdirat", [AT_FDCWD, "a", 0o755], { into: value, on: tolerate(EEXIST) });
  b.call("chdir", ["a"], { on: [branch(ENOENT, made), branch(EACCES, made), branch("any", end)] });
  b.from("");
  b.set(value, inherited("rootfs"));
  b.set(value, text("/bin/sh"));
  b.peek(value, field(buffer, STAT.mode), 4, 0o170000);
  b.peek(value, field(buffer, 3), 8);
  b.poke(field(buffer, 0), value, 2);
  b.jumpIf(value, "!=", 0o20000, end);
  b.jump(made);
  b.place(end);
  b.fail(ENOENT, 'no "sh"');
  b.exit(1);
  const at = (left: string, pointer: string) => left.padEnd(112) + pointer;
  expect(formatProgram(b.program())).toBe(
    `${[
      at(' 0  value = mkdirat(AT_FDCWD, "a", 0755)  EEXIST: ok', "/process/cwd"),
      at(' 1  chdir("a")  ENOENT|EACCES: goto 0  any errno: goto 9', "/process/cwd"),
      " 2  value = rootfs",
      ' 3  value = "/bin/sh"',
      " 4  value = u32 at stat.mode & 0170000",
      " 5  value = u64 at stat+3",
      " 6  u16 at stat = value",
      " 7  if value != 8192 goto 9",
      " 8  goto 0",
      ' 9  fail ENOENT "no \\"sh\\""',
      "10  exit 1",
    ].join("\n")}\n`,
  );
});

const how = (flags: number, resolve: number, mode?: number) =>
  data(openHow(flags, resolve, mode), "open_how");
const attributes = (...args: Parameters<typeof mountAttr>) => data(mountAttr(...args), "mount_attr");

function descriptorMessage(): Data {
  const message = data(words(3), "message");
  const control = data(words(20, 0, 1, 1, 0, 0), "cmsg");
  const vector = data(longs(0, 4), "iovec", [{ at: 0, to: message }]);
  return data(longs(0, 0, 0, 1, 0, 24, 0), "msghdr", [
    { at: 16, to: vector },
    { at: 32, to: control },
  ]);
}

const IFREQ = new Uint8Array(40);
IFREQ.set([0x6c, 0x6f]);
IFREQ[16] = 1;

const CASES: readonly (readonly [SyscallName, readonly Operand[], string])[] = [
  [
    "openat2",
    [FD, "a", how(O_PATH, RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS), 24],
    'fd, "a", {O_PATH, IN_ROOT|NO_MAGICLINKS}',
  ],
  ["openat2", [FD, "a", how(O_WRONLY | O_CREAT, 0, 0o600), 24], 'fd, "a", {O_WRONLY|O_CREAT, 0600, 0}'],
  ["openat2", [FD, "a", how(0, 0), 16], 'fd, "a", {O_RDONLY, 0}, 16'],
  ["openat2", [FD, "a", how(O_NONBLOCK, 0x40), 24], 'fd, "a", {O_RDONLY|O_NONBLOCK, 0x40}'],
  ["openat", [AT_FDCWD, "/", O_PATH, 0], 'AT_FDCWD, "/", O_PATH'],
  ["openat", [5, "/", O_WRONLY | O_CREAT, 0o644], '5, "/", O_WRONLY|O_CREAT, 420'],
  [
    "mount_setattr",
    [FD, "", AT_EMPTY_PATH | AT_RECURSIVE, attributes(MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID, 0), 32],
    'fd, "", AT_EMPTY_PATH|AT_RECURSIVE, {set: RDONLY|NOSUID}',
  ],
  [
    "mount_setattr",
    [FD, "", 0, attributes(MOUNT_ATTR_NOATIME, MOUNT_ATTR__ATIME, MS_SLAVE), 32],
    'fd, "", 0, {set: NOATIME, clear: _ATIME, propagation: MS_SLAVE}',
  ],
  ["mount_setattr", [FD, "", 0, attributes(0, 0), 32], 'fd, "", 0, {}'],
  ["fsconfig", [FD, FSCONFIG_CMD_CREATE, null, null, 0], "fd, FSCONFIG_CMD_CREATE"],
  ["fsconfig", [FD, FSCONFIG_SET_FLAG, "ro", null, 0], 'fd, FSCONFIG_SET_FLAG, "ro"'],
  ["fsconfig", [FD, FSCONFIG_SET_STRING, "size", "1k", 0], 'fd, FSCONFIG_SET_STRING, "size", "1k"'],
  ["fsconfig", [FD, FSCONFIG_SET_STRING, "size", "1k", 7], 'fd, FSCONFIG_SET_STRING, "size", "1k", 7'],
  ["fsmount", [FD, 1, MOUNT_ATTR_RDONLY], "fd, FSMOUNT_CLOEXEC, RDONLY"],
  ["prctl", [PR_SET_DUMPABLE, 0, 0, 0, 0], "PR_SET_DUMPABLE, 0"],
  ["prctl", [PR_SET_DUMPABLE], "PR_SET_DUMPABLE, 0"],
  ["unlinkat", [FD, "a"], 'fd, "a", 0'],
  ["dup3", [FD, 1], "fd, 1"],
  ["prctl", [PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0], "PR_SET_NO_NEW_PRIVS, 1"],
  ["prctl", [PR_CAPBSET_DROP, 21n, 0, 0, 0], "PR_CAPBSET_DROP, CAP_SYS_ADMIN"],
  [
    "prctl",
    [PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, 0n, 0, 0],
    "PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_CHOWN",
  ],
  ["prctl", [PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0], "PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL"],
  ["prctl", [999, 1, 0, 0, 0], "999, 1"],
  ["ioctl", [FD, TIOCSCTTY, 0], "fd, TIOCSCTTY, 0"],
  ["ioctl", [FD, TIOCSPTLCK, data(words(0), "int")], "fd, TIOCSPTLCK, [0]"],
  ["ioctl", [FD, TIOCGPTPEER, O_RDWR], "fd, TIOCGPTPEER, O_RDWR"],
  ["ioctl", [FD, SIOCSIFFLAGS, data(IFREQ, "ifreq")], 'fd, SIOCSIFFLAGS, {"lo", IFF_UP}'],
  ["ioctl", [FD, 1, data(words(24 | (80 << 16), 0), "winsize")], "fd, 1, {rows: 24, columns: 80}"],
  ["keyctl", [KEYCTL_SETPERM, FD, 0x3f1b0000], "KEYCTL_SETPERM, fd, 0x3f1b0000"],
  ["fcntl", [FD, F_SETFL, O_RDWR], "fd, F_SETFL, O_RDWR"],
  ["fcntl", [FD, F_GETFD, 0], "fd, F_GETFD, 0"],
  [
    "prlimit64",
    [0, 7, data(longs(1024, 0xffffffffffffffffn), "rlimit"), null],
    "0, RLIMIT_NOFILE, {soft: 1024, hard: RLIM_INFINITY}, null",
  ],
  [
    "capset",
    [data(words(0x20080522, 0), "cap_header"), data(words(1, 3, 0, 0, 1 << 8, 0), "cap_data")],
    "{version: _LINUX_CAPABILITY_VERSION_3, pid: 0}, {effective: CHOWN, permitted: CHOWN|DAC_OVERRIDE|CHECKPOINT_RESTORE, inheritable: 0}",
  ],
  ["rt_sigaction", [13, data(new Uint8Array(32), "sigaction"), null, 8], "SIGPIPE, {SIG_DFL}, null"],
  [
    "rt_sigprocmask",
    [SIG_SETMASK, data(longs(0x8000000000000001n), "sigset"), null, 8],
    "SIG_SETMASK, [SIGHUP, 64], null",
  ],
  ["mknodat", [FD, "null", S_IFCHR | 0o666, deviceNumber(1, 3)], 'fd, "null", S_IFCHR|0666, makedev(1, 3)'],
  [
    "mknodat",
    [FD, "b", S_IFBLK | 0o4600, deviceNumber(4095, 1048575)],
    'fd, "b", S_IFBLK|04600, makedev(4095, 1048575)',
  ],
  ["setns", [inherited("netns"), CLONE_NEWNET], "netns, CLONE_NEWNET"],
  ["socket", [2, 0o2000002, 0], "AF_INET, SOCK_DGRAM|SOCK_CLOEXEC, 0"],
  ["socket", [1, 5, 0], "AF_UNIX, SOCK_SEQPACKET, 0"],
  ["sendmsg", [FD, descriptorMessage(), 0], "fd, {iov: [[3]], control: {SOL_SOCKET, SCM_RIGHTS}}, 0"],
  ["recvfrom", [FD, data(new Uint8Array(8), "byte"), 1, 0, null, null], "fd, byte, 1, 0"],
  ["setgroups", [2, data(words(10, 4294967294), "gids")], "2, [10, 4294967294]"],
  [
    "execve",
    [FD, pointerArray([text("sh"), text("-c")]), pointerArray([text("A=b")])],
    'fd, ["sh", "-c"], /* 1 variable */',
  ],
  ["execve", ["/a", pointerArray([]), pointerArray([])], '"/a", [], /* 0 variables */'],
  ["close_range", [3, -1, 4], "3, -1, CLOSE_RANGE_CLOEXEC"],
  ["close_range", [3, -1, 12], "3, -1, CLOSE_RANGE_CLOEXEC|0x8"],
  ["umask", [0], "0"],
  ["umask", [0o22], "022"],
  ["fchown", [FD, 0, -1], "fd, 0, -1"],
  ["symlinkat", ["/proc/self/fd", FD, "fd"], '"/proc/self/fd", fd, "fd"'],
  ["write", [FD, 'a"\\\n\x01\xff', 6], 'fd, "a\\"\\\\\\n\\x01\\xff", 6'],
  ["getpid", [], ""],
  ["clone", [0x5011, null, addressOf(FD), null, 0], "CLONE_PIDFD|CLONE_VFORK|SIGCHLD, &fd"],
  ["kill", [FD, 9], "fd, SIGKILL"],
  ["ppoll", [FD, 1, data(longs(5, 0), "timespec"), null, 0], "fd, 1, {5 s}"],
  ["wait4", [1, addressOf(FD), 0, null], "1, &fd, 0, null"],
];

describe("arguments", () => {
  test.each(CASES)("%s %#", (name, args, expected) => {
    expect(formatArguments(name, args)).toBe(expected);
  });
});
