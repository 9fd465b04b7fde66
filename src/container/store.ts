// The state directory: one directory for each container, below --root. Its name reserves the id, flock(2) on it
// orders the commands that change the container, and commands that only look take no lock.

import {
  AT_REMOVEDIR,
  O_CLOEXEC,
  O_CREAT,
  O_DIRECTORY,
  O_EXCL,
  O_RDONLY,
  O_TRUNC,
  O_WRONLY,
} from "../abi/constants.ts";
import { ENOTEMPTY } from "../abi/errno.ts";
import { getWord, STAT } from "../abi/structs.ts";
import { isFrozen } from "../cgroups/frozen.ts";
import { RuntError } from "../error.ts";
import { attempt, call, type Fd, failure } from "../kernel/call.ts";
import {
  CWD,
  close,
  list,
  makeDirectories,
  makeDirectory,
  open,
  openDirectory,
  openIfExists,
  readBytesIfExists,
  readFile,
  readRegularIfExists,
  remove,
  replaceFile,
  stat,
  toBytes,
  using,
  writeAll,
} from "../kernel/file.ts";
import { isAlive } from "../kernel/process.ts";
import { NOTIFY, NOTIFY_SOCKET } from "./notify_mount.ts";
import type { ContainerRecord, Init, Status } from "./record.ts";

/** Written once, before anything else of the container exists. */
const RECORD = "container.json";
/** Written when the container's process is ready: which one it is. */
const INIT = "init.json";
export const CONFIG = "config.json";
export const START_SOCKET = "start.sock";
const FILES = [RECORD, INIT, CONFIG, START_SOCKET];
const LOCK_SH = 1;
const LOCK_EX = 2;
const LOCK_UN = 8;
/** Sticky, so that nobody tidies it away in a $XDG_RUNTIME_DIR: XDG Base Directory Specification. */
const ROOT_MODE = 0o1700;
/** Others may pass, to the sockets that engines put there; nobody else may look. */
const DIRECTORY_MODE = 0o711;

/** An id is a file name, a part of a cgroup's name and a part of a host name. */
export function checkId(id: string): void {
  const allowed = (code: number) =>
    (code >= 48 && code <= 57) || (code >= 65 && code <= 90) || (code >= 97 && code <= 122);
  const good = [...id].every((char) => allowed(char.charCodeAt(0)) || "_+-.".includes(char));
  if (good && id !== "" && id !== "." && id !== ".." && id.length <= 255) return;
  throw new RuntError({
    what: `invalid container ID format: ${JSON.stringify(id.slice(0, 64))}`,
    hint: "an ID has 1 to 255 letters, digits, and characters of _+-. and is not . or ..",
  });
}

/** A container's directory, open, and locked against other commands until this one ends. */
export interface LockedDirectory {
  readonly fd: Fd;
  readonly path: string;
}

export interface Store {
  readonly root: string;
}

export function openStore(root: string): Store {
  return { root };
}

/** Where the state of this container is, or will be. */
export function pathFor(store: Store, id: string): string {
  return `${store.root}/${id}`;
}

export function startSocketPath(store: Store, id: string): string {
  return `${pathFor(store, id)}/${START_SOCKET}`;
}

/** @throws RuntError if the id is taken */
export function reserve(store: Store, id: string): LockedDirectory {
  checkId(id);
  makeDirectories(store.root, ROOT_MODE);
  const path = pathFor(store, id);
  if (!makeDirectory(path, DIRECTORY_MODE)) {
    throw new RuntError({
      what: `container with given ID already exists: ${id}`,
      hint: `choose another ID, or remove that container: runt delete --force ${id}`,
    });
  }
  const fd = openDirectory(path);
  // A `delete` that came in between took the directory for one that a killed runtime had left.
  if (!lock(fd, path)) throw doesNotExist(id);
  return { fd, path };
}

/** False if whoever held the lock has deleted the container meanwhile. */
function lock(fd: Fd, path: string, operation: number = LOCK_EX): boolean {
  call(`lock ${path}`, "flock", fd, operation);
  return getWord(stat(fd, path), STAT.nlink) > 0;
}

/** undefined if there is no such container. */
export function openLocked(store: Store, id: string): LockedDirectory | undefined {
  return openWithLock(store, id, LOCK_EX);
}

/** Others may do so too, but nobody changes the container meanwhile. */
export function openShared(store: Store, id: string): LockedDirectory | undefined {
  return openWithLock(store, id, LOCK_SH);
}

function openWithLock(store: Store, id: string, operation: number): LockedDirectory | undefined {
  checkId(id);
  const path = pathFor(store, id);
  const fd = openIfExists(path, O_RDONLY | O_DIRECTORY);
  if (fd === undefined || !lock(fd, path, operation)) return undefined;
  return { fd, path };
}

/** Lets others change the container. */
export function unlock({ fd, path }: LockedDirectory): void {
  call(`unlock ${path}`, "flock", fd, LOCK_UN);
}

/** False if the container was deleted meanwhile. */
export function lockAgain({ fd, path }: LockedDirectory): boolean {
  return lock(fd, path);
}

export function doesNotExist(id: string): RuntError {
  return new RuntError({ what: `container does not exist: ${id}`, hint: "runt list shows all containers" });
}

export function writeRecord(directory: LockedDirectory, record: Omit<ContainerRecord, "init">): void {
  replaceFile(RECORD, JSON.stringify(record), directory.fd, 0o600);
}

export function writeInit(directory: LockedDirectory, init: Init): void {
  replaceFile(INIT, JSON.stringify(init), directory.fd, 0o600);
}

/** The config.json as it was at `create`: later changes of the bundle must not affect the container (runtime.md). */
export function writeConfig(directory: LockedDirectory, config: string): void {
  using(open(CONFIG, O_WRONLY | O_CREAT | O_TRUNC, { at: directory.fd, mode: 0o600 }), (fd) => {
    writeAll(fd, config, `write ${CONFIG}`);
  });
}

export function readConfig({ fd }: LockedDirectory): string {
  return readFile(CONFIG, fd);
}

/** undefined if there is no such container, or one that has only reserved its id yet. */
export function readRecord(store: Store, id: string): ContainerRecord | undefined {
  checkId(id);
  const path = pathFor(store, id);
  const text = readRegularIfExists(`${path}/${RECORD}`);
  if (text === undefined) return undefined;
  const init = readRegularIfExists(`${path}/${INIT}`);
  return { ...JSON.parse(text), ...(init !== undefined && { init: JSON.parse(init) }) } as ContainerRecord;
}

export function requireRecord(store: Store, id: string): ContainerRecord {
  const record = readRecord(store, id);
  if (record === undefined) throw doesNotExist(id);
  return record;
}

export function statusOf(store: Store, record: ContainerRecord): Status {
  const { init, creator, id, cgroup } = record;
  if (init === undefined) return isAlive(creator.pid, creator.startTime) ? "creating" : "stopped";
  if (!isAlive(init.pid, init.startTime)) return "stopped";
  if (cgroup !== "" && isFrozen(cgroup)) return "paused";
  return attempt("faccessat2", CWD, startSocketPath(store, id), 0, 0) === 0 ? "created" : "running";
}

/** Removes the directory and what is in it: files only, and the last of them is the record. */
export function removeDirectory(directory: LockedDirectory): void {
  for (const name of FILES.toReversed()) remove(name, directory.fd);
  const result = attempt("unlinkat", CWD, directory.path, AT_REMOVEDIR);
  // Files that were being written when a runtime was killed, and what few containers have.
  if (result === -ENOTEMPTY) {
    for (const name of using(openDirectory(directory.path), list)) {
      if (name !== NOTIFY) remove(name, directory.fd);
      else {
        remove(`${NOTIFY}/${NOTIFY_SOCKET}`, directory.fd);
        remove(NOTIFY, directory.fd, AT_REMOVEDIR);
      }
    }
    remove(directory.path, CWD, AT_REMOVEDIR);
  } else if (result < 0) throw failure(`remove ${directory.path}`, -result);
  close(directory.fd);
}

/** The ids of all containers, sorted. */
export function listIds(store: Store): readonly string[] {
  const fd = openIfExists(store.root, O_RDONLY | O_DIRECTORY);
  if (fd === undefined) return [];
  return using(fd, list)
    .filter((name) => !name.startsWith(SHARED))
    .toSorted();
}

/** Before the names of files that belong to no container: no id has it. */
const SHARED = "@";

/** What one command leaves for the next ones. */
export function memoryIn({ root }: Store) {
  return {
    read: (name: string) => readRegularIfExists(`${root}/${SHARED}${name}`),
    readBytes: (name: string) => readBytesIfExists(`${root}/${SHARED}${name}`),
    write: (name: string, content: string) => replaceExclusively(`${root}/${SHARED}${name}`, content),
  };
}

/** A file of one writer alone, whose name is not taken where another one is at it, or has died of it. */
function replaceExclusively(path: string, content: string): void {
  const temporary = `${path}.new`;
  const fd = attempt("openat", CWD, temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600);
  if (fd >= 0) {
    const written = attempt("write", fd, toBytes(content), content.length);
    close(fd as Fd);
    if (written === content.length && attempt("renameat", CWD, temporary, CWD, path) >= 0) return;
  }
  attempt("unlinkat", CWD, temporary, 0);
}
