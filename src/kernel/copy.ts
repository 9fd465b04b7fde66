// Copies a directory tree that somebody else may change meanwhile: names are taken one at a time, relative to an open
// directory, and links are copied, never followed. Owners, modes, times, extended attributes, hard links and holes are
// kept. The target is ours alone until the end.

import { decode } from "runt:host";
import {
  AT_SYMLINK_NOFOLLOW,
  O_CREAT,
  O_DIRECTORY,
  O_EXCL,
  O_NOFOLLOW,
  O_NONBLOCK,
  O_RDONLY,
  O_WRONLY,
  S_IFBLK,
  S_IFCHR,
  S_IFDIR,
  S_IFLNK,
  S_IFMT,
  S_IFREG,
} from "../abi/constants.ts";
import { ENODATA, ENXIO, EOPNOTSUPP, EPERM } from "../abi/errno.ts";
import { getLong, getWord, STAT } from "../abi/structs.ts";
import { RuntError } from "../error.ts";
import { attempt, call, type Fd, failure } from "./call.ts";
import { list, open, stat, using } from "./file.ts";

/** In `struct stat`: the device, and two `struct timespec` of access and of change. */
const DEVICE = 0;
const TIMES = 72;
const SEEK_SET = 0;
const SEEK_DATA = 3;
const SEEK_HOLE = 4;
const CHUNK = 1 << 30;
/** Largest value of an attribute, and largest list of names: xattr(7). */
const XATTR_MAX = 65536;
const LABEL = "security.selinux";

interface Copying {
  /** The target's root. */
  readonly top: Fd;
  /** Where in it a file with more than one name is, by device and inode. */
  readonly linked: Map<string, string>;
}

/** Into a directory that is empty. The attributes of the root itself are left alone. */
export function copyTree(from: Fd, to: Fd): void {
  copyEntries({ top: to, linked: new Map() }, from, to, "");
}

/** @param path of both directories, below the roots */
function copyEntries(copying: Copying, from: Fd, to: Fd, path: string): void {
  for (const name of list(from)) copyEntry(copying, from, to, `${path}${name}`, name);
}

function copyEntry(copying: Copying, from: Fd, to: Fd, path: string, name: string): void {
  const what = `copy ${path}`;
  const status = new Uint8Array(STAT.size);
  call(what, "newfstatat", from, name, status, AT_SYMLINK_NOFOLLOW);
  const mode = getWord(status, STAT.mode);
  const key = `${getLong(status, DEVICE)} ${getLong(status, STAT.inode)}`;
  if ((mode & S_IFMT) === S_IFDIR) {
    copyDirectory(copying, from, to, path, name);
    return;
  }
  const first = copying.linked.get(key);
  if (first !== undefined) {
    call(what, "linkat", copying.top, first, to, name, 0);
    return;
  }
  if ((mode & S_IFMT) === S_IFREG) copyFile(from, to, path, name);
  else if (!copySpecial(from, to, name, status, what)) return;
  if (getLong(status, STAT.nlink) > 1) copying.linked.set(key, path);
}

function copyDirectory(copying: Copying, from: Fd, to: Fd, path: string, name: string): void {
  const what = `copy ${path}`;
  const opening = { context: { what } };
  const flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW;
  using(open(name, flags, { at: from, ...opening }), (source) => {
    call(what, "mkdirat", to, name, 0o700);
    using(open(name, flags, { at: to, ...opening }), (target) => {
      copyEntries(copying, source, target, `${path}/`);
      copyAttributes(source, target, stat(source, path), what);
    });
  });
}

function copyFile(from: Fd, to: Fd, path: string, name: string): void {
  const what = `copy ${path}`;
  const context = { what };
  // Without waiting, and looked at when it is open: meanwhile it may be another one.
  using(open(name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK, { at: from, context }), (source) => {
    const status = stat(source, path);
    if ((getWord(status, STAT.mode) & S_IFMT) !== S_IFREG) {
      throw new RuntError({ what: `${what}: it is changed while it is copied` });
    }
    using(open(name, O_WRONLY | O_CREAT | O_EXCL, { at: to, mode: 0o600, context }), (target) => {
      copyData(source, target, getLong(status, STAT.length), what);
      copyAttributes(source, target, status, what);
    });
  });
}

function copyData(source: Fd, target: Fd, length: number, what: string): void {
  for (let at = 0; at < length; ) {
    const start = attempt("lseek", source, at, SEEK_DATA);
    if (start === -ENXIO) break;
    if (start < 0) throw failure(what, -start);
    at = start;
    const end = Math.min(length, call(what, "lseek", source, start, SEEK_HOLE));
    for (const fd of [source, target]) call(what, "lseek", fd, start, SEEK_SET);
    while (at < end) {
      const count = call(what, "sendfile", target, source, null, Math.min(CHUNK, end - at));
      // It has become shorter.
      if (count === 0) break;
      at += count;
    }
    if (at < end) break;
  }
  call(what, "ftruncate", target, length);
}

/** A change of owner takes privileges of the file away, and most changes set the time: in this order. */
function copyAttributes(source: Fd, target: Fd, status: Uint8Array, what: string): void {
  call(what, "fchown", target, getWord(status, STAT.uid), getWord(status, STAT.gid));
  call(what, "fchmod", target, getWord(status, STAT.mode) & 0o7777);
  copyExtended(source, target, what);
  call(what, "utimensat", target, null, timesOf(status), 0);
}

/** As utimensat(2) takes them. */
function timesOf(status: Uint8Array): Uint8Array {
  return status.slice(TIMES, TIMES + 32);
}

/** The label is the target filesystem's own. */
function copyExtended(source: Fd, target: Fd, what: string): void {
  // Most files have none.
  const any = attempt("flistxattr", source, null, 0);
  if (any === -EOPNOTSUPP || any === 0) return;
  const names = new Uint8Array(XATTR_MAX);
  const length = attempt("flistxattr", source, names, names.length);
  if (length === 0) return;
  if (length < 0) throw failure(what, -length);
  for (const name of decode(names, 0, length - 1).split("\0")) {
    const value = new Uint8Array(XATTR_MAX);
    const size = attempt("fgetxattr", source, name, value, value.length);
    if (size === -ENODATA || name === LABEL) continue;
    if (size < 0) throw failure(what, -size);
    const result = attempt("fsetxattr", target, name, value, size, 0);
    if (result < 0 && result !== -EOPNOTSUPP) throw failure(`${what}, attribute ${name}`, -result);
  }
}

/** Links, devices, fifos and sockets. False where it is left out. */
function copySpecial(from: Fd, to: Fd, name: string, status: Uint8Array, what: string): boolean {
  const mode = getWord(status, STAT.mode);
  const type = mode & S_IFMT;
  if (type === S_IFLNK) call(what, "symlinkat", readLink(from, name, what), to, name);
  else {
    const result = attempt("mknodat", to, name, mode, getLong(status, STAT.rdev));
    // In a user namespace nobody could use a device of a tmpfs.
    if (result === -EPERM && (type === S_IFCHR || type === S_IFBLK)) return false;
    if (result < 0) throw failure(what, -result);
  }
  const [uid, gid] = [getWord(status, STAT.uid), getWord(status, STAT.gid)];
  call(what, "fchownat", to, name, uid, gid, AT_SYMLINK_NOFOLLOW);
  call(what, "utimensat", to, name, timesOf(status), AT_SYMLINK_NOFOLLOW);
  return true;
}

function readLink(from: Fd, name: string, what: string): string {
  const buffer = new Uint8Array(4096);
  return decode(buffer, 0, call(what, "readlinkat", from, name, buffer, buffer.length));
}
