// From a prepared container to a process that waits at its start: the effects of `create` and `run`, in an order in
// which each can be taken back, and in which an intent is on disk before the first kernel object.

import {
  AT_EMPTY_PATH,
  AT_FDCWD,
  AT_RECURSIVE,
  MS_SLAVE,
  OPEN_TREE_CLOEXEC,
  OPEN_TREE_CLONE,
} from "../abi/constants.ts";
import { mountAttr } from "../abi/structs.ts";
import { type CgroupDriver, type NewCgroup, NO_CGROUP } from "../cgroups/driver.ts";
import type { CgroupPlace } from "../cgroups/place.ts";
import { RuntError } from "../error.ts";
import { attempt, call, type Fd, failure } from "../kernel/call.ts";
import { using } from "../kernel/file.ts";
import { readClock, readProcessStat, resetSigchld } from "../kernel/process.ts";
import { listen, trySend } from "../kernel/socket.ts";
import { has } from "../namespaces/plan.ts";
import { lengthOf } from "../program/instruction.ts";
import { parseMountOptions } from "../rootfs/mount_options.ts";
import { sourceName } from "../rootfs/mounts.ts";
import { ROOTFS } from "../rootfs/root.ts";
import { connect, spawn } from "./begin.ts";
import { type Channel, openChannel, stageFailure } from "./channel.ts";
import { type CompileOptions, compileContainer } from "./compile.ts";
import { unmountRoot } from "./delete.ts";
import { mountId, readFacts } from "./facts.ts";
import { answerWith, readHome } from "./home.ts";
import { isRootless } from "./host.ts";
import { writeIdMaps } from "./id_maps.ts";
import type { Prepared } from "./prepare.ts";
import type { Rare } from "./rare.ts";
import type { ContainerRecord, ProcessId } from "./record.ts";
import type { Warn } from "./request.ts";
import type { Stage } from "./spawn.ts";
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

export interface LaunchOptions extends CompileOptions {
  readonly store: Store;
  readonly cgroups: CgroupDriver;
  readonly rootless?: boolean;
  /** Takes the master of the container's terminal. */
  readonly onConsole: (master: Fd) => void;
  readonly warn: Warn;
  /** For the fields that few containers have. */
  readonly rare: Rare | undefined;
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
  const { hooks } = prepared;
  resetSigchld();
  const directory = reserve(options.store, prepared.id);
  undo.push(() => hooks?.poststop(options.warn));
  undo.push(() => removeDirectory(directory));
  const { begun } = prepared;
  const { ours, listener, descriptors, restoreOomScore } = begun ?? connect(prepared, options);
  if (listener !== undefined) listen(listener, directory.fd, START_SOCKET);
  let cgroup = beginCgroup(prepared, options);
  const resctrl = options.rare?.openResctrl(prepared);
  let intent = {
    ...describeIntent(prepared, options, cgroup.place),
    ...(resctrl && { resctrl: resctrl.directories }),
  };
  writeRecord(directory, intent);
  if (prepared.notifies) options.rare?.makeNotifyDirectory(directory);
  undo.push(() => cgroup.undo());
  if (!cgroup.make()) {
    cgroup = NO_CGROUP;
    intent = { ...intent, ...cgroupFields(cgroup.place) };
    writeRecord(directory, intent);
  }
  resctrl?.make(undo);
  undo.push(() => unmountRoot(intent));
  const inherited = { ...descriptors, ...inheritedTrees(prepared, options.rare) };
  const spawning = begun?.spawning ?? spawn(prepared, options, inherited, cgroup.open());
  if (begun) spawning.begin(cgroup.open() as Fd);
  // Before all that was made since it has begun: it ends once.
  undo.push(spawning.end);
  // While the kernel makes the namespaces and loads the stage, what it will run is compiled.
  const facts = readFacts(prepared, prepared.sources);
  for (const warning of facts.capabilities.warnings) options.warn(warning);
  const program = compileContainer(prepared.spec, prepared.process, facts, options);
  // A part of what is rare is done for the process before it begins.
  const needsNothing =
    cgroup.adopt === undefined && options.rare === undefined && !prepared.namespaces.created.has("user");
  spawning.load(program, needsNothing);
  writeConfig(directory, prepared.config);
  prepared.seccomp?.remember(options.store);
  const stage = spawning.settle();
  cgroup.adopt?.(stage.pid);
  resctrl?.adopt(stage.pid);
  options.rare?.moveDevices(prepared, stage.pid, undo);
  const channel = openChannel(ours, (index, errno) => stageFailure(program, index, errno));
  const { spec, uid, namespaces } = prepared;
  if (namespaces.created.has("user")) {
    if (uid === 0) writeIdMaps(stage.pid, spec.linux ?? {});
    else options.rare?.mapUserIds(stage.pid, spec.linux ?? {});
  }
  stage.release();
  // While the stage works. Nothing that is not ours runs before it has an answer: no hook, and no program.
  cgroup.filterDevices();
  const init = identify(stage.pid);
  const answer = hear(prepared, options, { ours, stage, channel, restoreOomScore });
  // Not before it has spoken: until it has executed, what is written for us is written for whoever shares our memory.
  restoreOomScore();
  writeInit(directory, { ...init, ...(prepared.seccomp && { execve: lengthOf(program) - 1 }) });
  return {
    record: { ...intent, init },
    pidfd: stage.pidfd,
    // It may have failed since it was ready: then it has said why.
    go: () => trySend(ours, answer, "let the container's process go on") || channel.next([]),
    awaitExecution: () =>
      hooks === undefined ? channel.next(["end"]) : hooks.untilExecution(channel, stage.pid),
    directory,
  };
}

export function beginCgroup(
  prepared: Prepared,
  { cgroups, store, rootless }: Pick<LaunchOptions, "cgroups" | "store" | "rootless">,
): NewCgroup {
  const { id, spec, cgroup, uid } = prepared;
  const filter = { isRootless: () => rootless ?? isRootless(uid), memory: memoryIn(store) };
  return cgroups.begin({ id, spec, plan: cgroup, filter });
}

export function describeIntent(
  prepared: Prepared,
  { newKeyring }: Pick<LaunchOptions, "newKeyring">,
  place: CgroupPlace,
): Omit<ContainerRecord, "init"> {
  const { id, bundle, spec, namespaces, sources, uid, hooks } = prepared;
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
    ...cgroupFields(place),
    creator: identify(attempt("getpid")),
    ...(!newKeyring && { callersKeyring: true as const }),
    privatePid: namespaces.created.has("pid"),
    ...(hooks && { hooks: hooks.kinds }),
    ...(!has(namespaces, "mount") && spec.mounts?.length && { rootMount: mountId(sources.root.path) }),
  };
}

function cgroupFields({ path, top, unit }: CgroupPlace) {
  return { cgroup: path, cgroupTop: top, ...(unit && { unit }) };
}

export function identify(pid: number): ProcessId {
  const found = readProcessStat(pid);
  if (found === undefined) throw new RuntError({ what: `process ${pid} has ended` });
  return { pid, startTime: found.startTime };
}

/** Copies of the trees that the stage, in its user namespace, could not reach by their paths. */
function inheritedTrees(prepared: Prepared, rare: Rare | undefined): Readonly<Record<string, Fd>> {
  const { spec, sources } = prepared;
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
  rare?.mapTrees(prepared, trees);
  return trees;
}

interface Partner {
  readonly ours: Fd;
  readonly stage: Stage;
  readonly channel: Channel;
  readonly restoreOomScore: () => void;
}

/** Until READY. Returns what the process waits for. */
function hear(prepared: Prepared, options: LaunchOptions, partner: Partner): string {
  try {
    return converse(prepared, options, partner);
  } catch (error) {
    const failed = partner.stage.failedCall();
    if (failed !== undefined) throw failure("execute the container's first process", failed.errno);
    throw error;
  }
}

function converse(
  prepared: Prepared,
  options: LaunchOptions,
  { ours, stage, channel, restoreOomScore }: Partner,
): string {
  const { process, id, bundle, spec, seccomp, hooks, namespaces } = prepared;
  const { pid, pidfd } = stage;
  let home = "/";
  for (;;) {
    const message = channel.next(["copyFrom", "hooks", "hook", "passwd", "console", "seccomp", "ready"]);
    switch (message.kind) {
      case "copyFrom": {
        const { fd: from, mount } = message;
        const to = channel.next(["copyTo"]);
        options.rare?.copyUp({
          from: from as Fd,
          to: to.fd as Fd,
          pointer: `/mounts/${mount}`,
          owner: stage,
          ownUser: has(namespaces, "user"),
        });
        trySend(ours, "\0", "let the container's process go on");
        break;
      }
      case "hooks":
        // They inherit it as well.
        restoreOomScore();
        hooks?.createRuntime(pid);
        // It may have failed meanwhile: then it has said why.
        trySend(channel.fd, "\0", "let the container's process go on");
        break;
      case "hook":
        hooks?.createContainer(channel, pid, message.index);
        break;
      case "passwd":
        home = using(message.fd as Fd, (fd) => readHome(fd, process.user.uid));
        break;
      case "console":
        options.onConsole(message.fd as Fd);
        break;
      case "seccomp":
        seccomp?.notify({ id, bundle, spec, pid, pidfd }, message.number, "creating");
        break;
      case "ready":
        return answerWith(home, process);
    }
  }
}
