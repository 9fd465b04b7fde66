// From a prepared container to a process that waits at its start: the effects of `create` and `run`, in an order in
// which each can be taken back, and in which an intent is on disk before the first kernel object.

import {
  AT_EMPTY_PATH,
  AT_FDCWD,
  AT_RECURSIVE,
  F_GETFD,
  MS_SLAVE,
  OPEN_TREE_CLOEXEC,
  OPEN_TREE_CLONE,
  S_IFMT,
  S_IFREG,
} from "../abi/constants.ts";
import { getLong, getWord, longs, mountAttr, STAT } from "../abi/structs.ts";
import type { CgroupDriver, NewCgroup } from "../cgroups/driver.ts";
import type { CgroupPlace } from "../cgroups/place.ts";
import { type ErrorRecord, RuntError } from "../error.ts";
import { attempt, call, type Fd, failure } from "../kernel/call.ts";
import { readAll, readFile, stat, using, writeValue } from "../kernel/file.ts";
import { readClock, readProcessStat } from "../kernel/process.ts";
import { listen, socketPair, trySend } from "../kernel/socket.ts";
import { has } from "../namespaces/plan.ts";
import { environmentValue, HOME_SIZE, homeDirectory } from "../process/environment.ts";
import { RLIMIT } from "../process/rlimits.ts";
import { parseMountOptions } from "../rootfs/mount_options.ts";
import { sourceName } from "../rootfs/mounts.ts";
import { ROOTFS } from "../rootfs/root.ts";
import { type Channel, openChannel } from "./channel.ts";
import { type CompileOptions, compileContainer } from "./compile.ts";
import { readFacts } from "./facts.ts";
import { isRootless } from "./host.ts";
import { writeIdMaps } from "./id_maps.ts";
import { inTimeNamespace } from "./joins.ts";
import type { Prepared } from "./prepare.ts";
import type { ContainerRecord, ProcessId } from "./record.ts";
import { CHANNEL, LISTENER } from "./send.ts";
import { type Spawning, type Stage, spawnStage } from "./spawn.ts";
import {
  type LockedDirectory,
  memoryIn,
  removeDirectory,
  reserve,
  START_SOCKET,
  type Store,
  writeConfig,
  writeInit,
  writeRecord,
} from "./store.ts";
import { rfc3339 } from "./time.ts";
import type { Undo } from "./undo.ts";

/** Longest /etc/passwd of an image that is looked at. */
const PASSWD_LIMIT = 1 << 20;

export interface LaunchOptions extends CompileOptions {
  readonly store: Store;
  readonly cgroups: CgroupDriver;
  /** Takes the master of the container's terminal. */
  readonly onConsole: (master: Fd) => void;
  readonly warn: (record: ErrorRecord) => void;
}

export interface Launched {
  readonly record: ContainerRecord & { readonly init: ProcessId };
  readonly pidfd: Fd;
  /** Lets the process go on, to its barrier or to its execve. */
  readonly go: () => void;
  /** After `go`, without a barrier: waits for the execve, and throws what became of it otherwise. */
  readonly awaitExecution: () => void;
  readonly directory: LockedDirectory;
}

/** What has been done is pushed to `undo`, which the caller runs or commits. */
export function launch(prepared: Prepared, options: LaunchOptions, undo: Undo): Launched {
  const directory = reserve(options.store, prepared.id);
  undo.push(() => removeDirectory(directory));
  const cgroup = beginCgroup(prepared, options);
  const intent = describeIntent(prepared, cgroup.place);
  writeRecord(directory, intent);
  undo.push(cgroup.undo);
  cgroup.make();
  const [ours, theirs] = socketPair();
  const descriptors = {
    [CHANNEL]: theirs,
    ...(options.barrier && { [LISTENER]: listen(directory.fd, START_SOCKET) }),
    ...prepared.joins.descriptors,
    ...inheritedTrees(prepared),
  };
  const restoreOomScore = setOomScoreAdj(prepared.process.oomScoreAdj);
  const spawning = spawn(prepared, options, descriptors, cgroup);
  undo.push(spawning.end);
  cgroup.whileCloning();
  // While the kernel makes the namespaces and loads the stage, what it will run is compiled.
  const facts = readFacts(prepared, prepared.sources);
  for (const warning of facts.capabilities.warnings) options.warn(warning);
  const program = compileContainer(prepared.spec, prepared.process, facts, options);
  spawning.load(program);
  writeConfig(directory, prepared.config);
  const stage = spawning.settle();
  cgroup.adopt(stage.pid);
  const channel = openChannel(ours, program);
  const { spec, uid, namespaces } = prepared;
  if (namespaces.created.has("user")) writeIdMaps(stage.pid, spec.linux ?? {}, uid === 0);
  stage.release();
  // While the stage works.
  const init = identify(stage.pid);
  restoreOomScore();
  const answer = hear(prepared, options, stage, channel);
  writeInit(directory, init);
  return {
    record: { ...intent, init },
    pidfd: stage.pidfd,
    // It may have failed since it was ready: then it has said why.
    go: () => trySend(ours, answer, "let the container's process go on") || channel.next([]),
    awaitExecution: () => channel.next(["end"]),
    directory,
  };
}

function beginCgroup(prepared: Prepared, { cgroups, store }: LaunchOptions): NewCgroup {
  const { id, spec, cgroup, uid } = prepared;
  const filter = { isRootless: () => isRootless(uid), memory: memoryIn(store) };
  return cgroups.begin({ id, spec, plan: cgroup, filter });
}

function describeIntent(prepared: Prepared, { path, top, unit }: CgroupPlace): Omit<ContainerRecord, "init"> {
  const { id, bundle, spec, namespaces, sources, uid } = prepared;
  const { seconds, nanoseconds } = readClock(0);
  return {
    version: 1,
    ociVersion: spec.ociVersion,
    id,
    bundle,
    rootfs: sources.root.path,
    created: rfc3339(seconds, nanoseconds, 9),
    owner: uid,
    ...(spec.annotations && { annotations: spec.annotations }),
    cgroup: path,
    cgroupTop: top,
    ...(unit && { unit }),
    creator: identify(attempt("getpid")),
    privatePid: namespaces.created.has("pid"),
  };
}

function identify(pid: number): ProcessId {
  const found = readProcessStat(pid);
  if (found === undefined) throw new RuntError({ what: `process ${pid} has ended` });
  return { pid, startTime: found.startTime };
}

/** Copies of the trees that the stage, in its user namespace, could not reach by their paths. */
function inheritedTrees({ spec, sources }: Prepared): Readonly<Record<string, Fd>> {
  const trees: Record<string, Fd> = {};
  const clone = (pointer: string, path: string, recursive: boolean) => {
    const flags = OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | (recursive ? AT_RECURSIVE : 0);
    const context = { what: `clone the tree of ${path}`, pointer };
    const tree = call(context, "open_tree", AT_FDCWD, path, flags) as Fd;
    // A copy of a shared mount is its peer: what the container mounts below would appear on the host.
    const slave = mountAttr(0, 0, MS_SLAVE);
    call(context, "mount_setattr", tree, "", AT_EMPTY_PATH | AT_RECURSIVE, slave, slave.length);
    return tree;
  };
  if (sources.root.inherited) trees[ROOTFS] = clone("/root/path", sources.root.path, true);
  for (const [index, { path, inherited }] of sources.mounts.sources) {
    if (!inherited) continue;
    const { bind } = parseMountOptions(spec.mounts?.[index]?.options ?? []);
    trees[sourceName(index)] = clone(`/mounts/${index}/source`, path, bind === "rbind");
  }
  return trees;
}

function spawn(
  { namespaces, joins, spec, process }: Prepared,
  { preserveFds }: LaunchOptions,
  descriptors: Readonly<Record<string, Fd>>,
  { open: openCgroup }: NewCgroup,
): Spawning {
  requirePreserved(preserveFds);
  if (has(namespaces, "user")) raiseHardLimits(process.rlimits ?? []);
  const { cloneFlags } = namespaces;
  const newTime = has(namespaces, "time");
  return inTimeNamespace(namespaces, joins, spec.linux?.timeOffsets, () => {
    const cgroup = openCgroup();
    return spawnStage({ descriptors, cloneFlags, cgroup, preserveFds, newTime, before: joins.before });
  });
}

/** Podman leaves holes among the descriptors, but the last one it promises is there. */
function requirePreserved(preserveFds: number): void {
  const last = 2 + preserveFds;
  // Close-on-exec are only those of our own.
  if (preserveFds === 0 || attempt("fcntl", last, F_GETFD, 0) === 0) return;
  throw new RuntError({
    what: `--preserve-fds ${preserveFds}: descriptor ${last} is not open`,
    hint: `the caller has to leave the descriptors 3 to ${last} open`,
  });
}

/** A process in a user namespace may lower its limits only. */
function raiseHardLimits(rlimits: NonNullable<Prepared["process"]["rlimits"]>): void {
  rlimits.forEach(({ type, hard }, index) => {
    const limit = new Uint8Array(16);
    const context = { what: `raise ${type}`, pointer: `/process/rlimits/${index}/hard` };
    call(context, "prlimit64", 0, RLIMIT[type], null, limit);
    const view = new DataView(limit.buffer);
    if (view.getBigUint64(8, true) >= hard) return;
    call(context, "prlimit64", 0, RLIMIT[type], longs(view.getBigUint64(0, true), hard), null);
  });
}

/** Ours for a moment, since only a privileged process may lower it. Returns what takes it back. */
function setOomScoreAdj(value: number | undefined): () => void {
  const file = "/proc/self/oom_score_adj";
  if (value === undefined) return () => {};
  const before = readFile(file).trim();
  if (before === String(value)) return () => {};
  const pointer = "/process/oomScoreAdj";
  const context = {
    what: `set oom_score_adj to ${value}`,
    pointer,
    hint: "less than the caller's needs CAP_SYS_RESOURCE",
  };
  writeValue(file, String(value), { context });
  return () => writeValue(file, before);
}

/** Until READY. Returns what the process waits for. */
function hear(prepared: Prepared, options: LaunchOptions, stage: Stage, channel: Channel): string {
  try {
    return converse(prepared, options, channel);
  } catch (error) {
    const failed = stage.failedCall();
    if (failed !== undefined) throw failure("execute the container's first process", failed.errno);
    throw error;
  }
}

function converse({ process }: Prepared, options: LaunchOptions, channel: Channel): string {
  let home = "/";
  for (;;) {
    const message = channel.next(["passwd", "console", "ready"]);
    switch (message.kind) {
      case "passwd":
        home = using(message.fd as Fd, (fd) => readHome(fd, process.user.uid));
        break;
      case "console":
        options.onConsole(message.fd as Fd);
        break;
      case "ready":
        return environmentValue(process.env ?? [], "HOME") === undefined ? `HOME=${home}\0` : "\0";
    }
  }
}

/** From a file of the image: nothing but a regular file of a sane size is read. */
function readHome(passwd: Fd, uid: number): string {
  const status = stat(passwd, "/etc/passwd of the container");
  const isFile = (getWord(status, STAT.mode) & S_IFMT) === S_IFREG;
  if (!isFile || getLong(status, STAT.length) > PASSWD_LIMIT) return "/";
  const home = homeDirectory(readAll(passwd, "/etc/passwd of the container", PASSWD_LIMIT), uid);
  return home.length + "HOME=".length < HOME_SIZE ? home : "/";
}
