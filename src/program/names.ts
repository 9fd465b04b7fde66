// Numbers by the names that the kernel's headers give them, for the listing. The names are spelled out and not taken
// from the module as a whole: that would load every constant with every command.

import {
  AF_INET,
  AF_UNIX,
  AT_EACCESS,
  AT_EMPTY_PATH,
  AT_FDCWD,
  AT_RECURSIVE,
  AT_REMOVEDIR,
  AT_SYMLINK_NOFOLLOW,
  CLONE_NEWCGROUP,
  CLONE_NEWIPC,
  CLONE_NEWNET,
  CLONE_NEWNS,
  CLONE_NEWPID,
  CLONE_NEWTIME,
  CLONE_NEWUSER,
  CLONE_NEWUTS,
  CLONE_PARENT,
  CLONE_PIDFD,
  CLONE_VFORK,
  CLOSE_RANGE_CLOEXEC,
  F_DUPFD_CLOEXEC,
  F_GETFD,
  F_GETFL,
  F_SETFD,
  F_SETFL,
  FSCONFIG_CMD_CREATE,
  FSCONFIG_SET_FLAG,
  FSCONFIG_SET_STRING,
  FSMOUNT_CLOEXEC,
  FSOPEN_CLOEXEC,
  IFF_UP,
  KEYCTL_JOIN_SESSION_KEYRING,
  KEYCTL_SETPERM,
  MNT_DETACH,
  MOUNT_ATTR__ATIME,
  MOUNT_ATTR_NOATIME,
  MOUNT_ATTR_NODEV,
  MOUNT_ATTR_NODIRATIME,
  MOUNT_ATTR_NOEXEC,
  MOUNT_ATTR_NOSUID,
  MOUNT_ATTR_NOSYMFOLLOW,
  MOUNT_ATTR_RDONLY,
  MOUNT_ATTR_STRICTATIME,
  MOVE_MOUNT_F_EMPTY_PATH,
  MOVE_MOUNT_T_EMPTY_PATH,
  MS_BIND,
  MS_DIRSYNC,
  MS_I_VERSION,
  MS_LAZYTIME,
  MS_MANDLOCK,
  MS_NOATIME,
  MS_NODEV,
  MS_NODIRATIME,
  MS_NOEXEC,
  MS_NOSUID,
  MS_NOSYMFOLLOW,
  MS_PRIVATE,
  MS_RDONLY,
  MS_RELATIME,
  MS_REMOUNT,
  MS_SHARED,
  MS_SILENT,
  MS_SLAVE,
  MS_STRICTATIME,
  MS_SYNCHRONOUS,
  MS_UNBINDABLE,
  MSG_CMSG_CLOEXEC,
  MSG_NOSIGNAL,
  O_APPEND,
  O_CLOEXEC,
  O_CREAT,
  O_DIRECTORY,
  O_EXCL,
  O_NOCTTY,
  O_NOFOLLOW,
  O_NONBLOCK,
  O_PATH,
  O_RDONLY,
  O_RDWR,
  O_TRUNC,
  O_WRONLY,
  OPEN_TREE_CLOEXEC,
  OPEN_TREE_CLONE,
  PR_CAP_AMBIENT,
  PR_CAP_AMBIENT_CLEAR_ALL,
  PR_CAP_AMBIENT_RAISE,
  PR_CAPBSET_DROP,
  PR_SET_CHILD_SUBREAPER,
  PR_SET_DUMPABLE,
  PR_SET_KEEPCAPS,
  PR_SET_NO_NEW_PRIVS,
  RESOLVE_IN_ROOT,
  RESOLVE_NO_MAGICLINKS,
  RESOLVE_NO_SYMLINKS,
  RESOLVE_NO_XDEV,
  S_IFBLK,
  S_IFCHR,
  S_IFDIR,
  S_IFIFO,
  S_IFREG,
  SCM_RIGHTS,
  SIG_BLOCK,
  SIG_SETMASK,
  SIOCSIFFLAGS,
  SOCK_CLOEXEC,
  SOCK_DGRAM,
  SOCK_NONBLOCK,
  SOCK_SEQPACKET,
  SOCK_STREAM,
  SOL_SOCKET,
  TCGETS,
  TCSETS,
  TIOCGPTPEER,
  TIOCGWINSZ,
  TIOCSCTTY,
  TIOCSPTLCK,
  TIOCSWINSZ,
  X_OK,
} from "../abi/constants.ts";
import { RLIMIT } from "../process/rlimits.ts";
import { SCHEDULER_FLAG, SCHEDULER_POLICY } from "../process/scheduler.ts";
import { FLAG, NEW_LISTENER, SECCOMP_SET_MODE_FILTER } from "../seccomp/numbers.ts";
import { CAPABILITIES } from "../spec/capabilities.ts";

type Names = Readonly<Record<string, number>>;

/** Prints a number. */
export type NumberFormat = (value: number) => string;

export const octal: NumberFormat = (value) => (value === 0 ? "0" : `0${value.toString(8)}`);
export const hexadecimal: NumberFormat = (value) => `0x${value.toString(16)}`;

/** The name of the value, or its digits. */
function oneName(names: Names): NumberFormat {
  return (value) => Object.keys(names).find((name) => names[name] === value) ?? String(value);
}

/** Names of bits with `|` between them. What has no name is printed at the end by `rest`. */
function bitNames(names: Names, rest: NumberFormat = hexadecimal): NumberFormat {
  return (value) => {
    const found: string[] = [];
    let left = value >>> 0;
    for (const [name, bits] of Object.entries(names)) {
      if ((left & bits) >>> 0 !== bits >>> 0) continue;
      found.push(name);
      left = (left & ~bits) >>> 0;
    }
    if (left !== 0 || found.length === 0) found.push(left === 0 ? "0" : rest(left));
    return found.join("|");
  };
}

const withoutPrefix = (prefix: string, names: Names): Names =>
  Object.fromEntries(Object.entries(names).map(([name, value]) => [name.slice(prefix.length), value]));

const openBits = bitNames({
  O_WRONLY,
  O_RDWR,
  O_PATH,
  O_CREAT,
  O_EXCL,
  O_NOCTTY,
  O_TRUNC,
  O_APPEND,
  O_NONBLOCK,
  O_DIRECTORY,
  O_NOFOLLOW,
  O_CLOEXEC,
});

/** O_RDONLY is no bit, but worth saying. */
export const openFlags: NumberFormat = (flags) => {
  if (flags === O_RDONLY) return "O_RDONLY";
  return flags & (O_WRONLY | O_RDWR | O_PATH) ? openBits(flags) : `O_RDONLY|${openBits(flags)}`;
};

export const resolveFlags = bitNames(
  withoutPrefix("RESOLVE_", { RESOLVE_IN_ROOT, RESOLVE_NO_MAGICLINKS, RESOLVE_NO_SYMLINKS, RESOLVE_NO_XDEV }),
);

/** The field of the access time mode first: its bits are those of modes as well. */
export const mountAttributes = bitNames(
  withoutPrefix("MOUNT_ATTR_", {
    MOUNT_ATTR__ATIME,
    MOUNT_ATTR_RDONLY,
    MOUNT_ATTR_NOSUID,
    MOUNT_ATTR_NODEV,
    MOUNT_ATTR_NOEXEC,
    MOUNT_ATTR_NOATIME,
    MOUNT_ATTR_STRICTATIME,
    MOUNT_ATTR_NODIRATIME,
    MOUNT_ATTR_NOSYMFOLLOW,
  }),
);

export const mountFlags = bitNames({
  MS_RDONLY,
  MS_NOSUID,
  MS_NODEV,
  MS_NOEXEC,
  MS_SYNCHRONOUS,
  MS_REMOUNT,
  MS_MANDLOCK,
  MS_DIRSYNC,
  MS_NOSYMFOLLOW,
  MS_NOATIME,
  MS_NODIRATIME,
  MS_BIND,
  MS_SILENT,
  MS_UNBINDABLE,
  MS_PRIVATE,
  MS_SLAVE,
  MS_SHARED,
  MS_RELATIME,
  MS_I_VERSION,
  MS_STRICTATIME,
  MS_LAZYTIME,
});

export const directory = oneName({ AT_FDCWD });
export const atFlags = bitNames({ AT_SYMLINK_NOFOLLOW, AT_EMPTY_PATH, AT_RECURSIVE });
export const unlinkFlags = bitNames({ AT_REMOVEDIR });
export const accessFlags = bitNames({ AT_EACCESS, AT_SYMLINK_NOFOLLOW, AT_EMPTY_PATH });
export const accessMode = bitNames({ X_OK });
export const openTreeFlags = bitNames({
  OPEN_TREE_CLONE,
  AT_EMPTY_PATH,
  AT_RECURSIVE,
  AT_SYMLINK_NOFOLLOW,
  OPEN_TREE_CLOEXEC,
});
export const fsopenFlags = bitNames({ FSOPEN_CLOEXEC });
export const fsmountFlags = bitNames({ FSMOUNT_CLOEXEC });
export const fsconfigCommand = oneName({ FSCONFIG_SET_FLAG, FSCONFIG_SET_STRING, FSCONFIG_CMD_CREATE });
export const moveMountFlags = bitNames({ MOVE_MOUNT_F_EMPTY_PATH, MOVE_MOUNT_T_EMPTY_PATH });
export const unmountFlags = bitNames({ MNT_DETACH });
export const closeRangeFlags = bitNames({ CLOSE_RANGE_CLOEXEC });

/** The type in one word with the permissions: `S_IFCHR|0666`. */
export const fileMode = (mode: number): string => {
  const type = fileTypes(mode & 0o170000);
  return type === "0" ? octal(mode) : `${type}|${octal(mode & 0o7777)}`;
};
const fileTypes = oneName({ S_IFIFO, S_IFCHR, S_IFDIR, S_IFBLK, S_IFREG });

/** The inverse of `deviceNumber`. */
export const device: NumberFormat = (number) => {
  if (number === 0) return "0";
  const minor = (number & 0xff) | ((number >>> 12) & 0xfff00);
  return `makedev(${(number >>> 8) & 0xfff}, ${minor})`;
};

export const namespaces = bitNames({
  CLONE_NEWTIME,
  CLONE_NEWNS,
  CLONE_NEWCGROUP,
  CLONE_NEWUTS,
  CLONE_NEWIPC,
  CLONE_NEWUSER,
  CLONE_NEWPID,
  CLONE_NEWNET,
});

/** The last byte is the signal for the parent. */
export const cloneFlags: NumberFormat = (flags) => {
  const bits = cloneBits(flags - (flags & 0xff));
  return flags & 0xff ? `${bits}|${signal(flags & 0xff)}` : bits;
};
const cloneBits = bitNames({ CLONE_PARENT, CLONE_PIDFD, CLONE_VFORK });

export const interfaceFlags = bitNames({ IFF_UP });
export const addressFamily = oneName({ AF_UNIX, AF_INET });
/** SOCK_SEQPACKET before SOCK_STREAM, which is one of its bits. */
export const socketType = bitNames({ SOCK_SEQPACKET, SOCK_DGRAM, SOCK_STREAM, SOCK_NONBLOCK, SOCK_CLOEXEC });
export const socketLevel = oneName({ SOL_SOCKET });
export const controlMessage = oneName({ SCM_RIGHTS });
export const messageFlags = bitNames({ MSG_NOSIGNAL, MSG_CMSG_CLOEXEC });

export const prctlCommand = oneName({
  PR_SET_DUMPABLE,
  PR_SET_KEEPCAPS,
  PR_CAPBSET_DROP,
  PR_SET_CHILD_SUBREAPER,
  PR_SET_NO_NEW_PRIVS,
  PR_CAP_AMBIENT,
});
export const ambientCommand = oneName({ PR_CAP_AMBIENT_RAISE, PR_CAP_AMBIENT_CLEAR_ALL });
export const capability = oneName(Object.fromEntries(CAPABILITIES));

/** The two words of a capability set; the names without CAP_, since there may be 41 of them. */
export function capabilities(low: number, high: number): string {
  const set = BigInt(low) | (BigInt(high) << 32n);
  const bits = Array.from({ length: 64 }, (_, bit) => bit).filter((bit) => (set >> BigInt(bit)) & 1n);
  return bits.length === 0 ? "0" : bits.map((bit) => capability(bit).replace(/^CAP_/, "")).join("|");
}

export const rlimit = oneName(RLIMIT);
export const schedulerPolicy = oneName(SCHEDULER_POLICY);
export const schedulerFlags = bitNames(SCHEDULER_FLAG);
export const keyctlCommand = oneName({ KEYCTL_JOIN_SESSION_KEYRING, KEYCTL_SETPERM });
export const fcntlCommand = oneName({ F_DUPFD_CLOEXEC, F_GETFD, F_SETFD, F_GETFL, F_SETFL });
export const ioctlCommand = oneName({
  TCGETS,
  TCSETS,
  TIOCSCTTY,
  TIOCGWINSZ,
  TIOCSWINSZ,
  TIOCSPTLCK,
  TIOCGPTPEER,
  SIOCSIFFLAGS,
});

/** signal(7), from 1 on. */
const SIGNALS =
  "HUP INT QUIT ILL TRAP ABRT BUS FPE KILL USR1 SEGV USR2 PIPE ALRM TERM STKFLT CHLD CONT STOP TSTP TTIN TTOU URG " +
  "XCPU XFSZ VTALRM PROF WINCH IO PWR SYS";

export const signal = oneName(
  Object.fromEntries(SIGNALS.split(" ").map((name, index) => [`SIG${name}`, index + 1])),
);
export const signalAction = oneName({ SIG_DFL: 0, SIG_IGN: 1 });
export const maskCommand = oneName({ SIG_BLOCK, SIG_SETMASK });

export const seccompOperation = oneName({ SECCOMP_SET_MODE_FILTER });

export const seccompFlags = bitNames({
  SECCOMP_FILTER_FLAG_NEW_LISTENER: NEW_LISTENER,
  ...Object.fromEntries(Object.entries(FLAG).filter(([, bits]) => bits !== 0)),
});
