// `exec`: one more process in a container that exists. The lock is held until the kernel has put it into the container's
// cgroup: a `delete` comes before that, or kills it with the others.

import { EBUSY, EOPNOTSUPP, errnoName } from "../abi/errno.ts";
import { type ErrorRecord, RuntError } from "../error.ts";
import { attempt, call, type Fd } from "../kernel/call.ts";
import { goesOn, isAlive, openChild, openPidfd, resetSigchld, waitForExit } from "../kernel/process.ts";
import { socketPair, trySend } from "../kernel/socket.ts";
import { has, type NamespacePlan, planNamespaces } from "../namespaces/plan.ts";
import { affinityMask } from "../process/affinity.ts";
import { hasLabels } from "../process/labels.ts";
import type { Program } from "../program/instruction.ts";
import { type ExecOptions, execProcess } from "../spec/exec_process.ts";
import { parseProcess, parseSpec } from "../spec/parse.ts";
import { NO_PROCESS, processWarnings } from "../spec/process.ts";
import type { Process, Spec } from "../spec/types.ts";
import { attend, blockSignals } from "./attend.ts";
import { type Channel, openChannel, stageFailure } from "./channel.ts";
import { compileExec, INIT, namespaceFlags } from "./compile_exec.ts";
import { chooseConsole, rejectConsole } from "./console.ts";
import { converse } from "./converse.ts";
import { undoing, writePidFile } from "./create.ts";
import { openExecCgroup, openInitCgroup } from "./exec_cgroup.ts";
import { privilegeFacts, requireGroups } from "./facts.ts";
import { inspectStandardStreams, readCaller } from "./host.ts";
import { raiseHardLimits, requirePreserved, setOomScoreAdj } from "./inherited.ts";
import { openPidfdSocket } from "./pidfd_socket.ts";
import { type ContainerRecord, LEGAL, type ProcessId } from "./record.ts";
import { type PreparedFilter, prepareSeccomp } from "./seccomp.ts";
import { openProc, requireSecurityModules } from "./security_modules.ts";
import { CHANNEL } from "./send.ts";
import { endChild, type Spawning, type Stage, spawnStage } from "./spawn.ts";
import {
  doesNotExist,
  type LockedDirectory,
  openShared,
  readConfig,
  requireRecord,
  type Store,
  statusOf,
  unlock,
} from "./store.ts";
import type { Undo } from "./undo.ts";

export interface ExecRequest {
  readonly store: Store;
  readonly id: string;
  /** The text of a process file. */
  readonly process: string | undefined;
  readonly options: ExecOptions;
  readonly detach: boolean;
  readonly pidFile?: string;
  readonly consoleSocket?: string;
  readonly pidfdSocket?: string;
  readonly preserveFds: number;
  /** Relative to the container's cgroup. */
  readonly cgroup: string | undefined;
  readonly ignorePaused: boolean;
  readonly warn: (record: ErrorRecord) => void;
}

/** Where the process shall be. */
interface Target {
  readonly directory: LockedDirectory;
  readonly record: ContainerRecord;
  readonly init: ProcessId;
  readonly spec: Spec;
}

interface FilteredTarget extends Target {
  readonly filter: PreparedFilter | undefined;
}

/** The exit status of the process, or 128 and the signal that ended it; 0 where it was detached. */
export async function execInContainer(request: ExecRequest): Promise<number> {
  const target = findTarget(request);
  try {
    const filter = await prepareSeccomp(target.spec.linux?.seccomp, request.store);
    return execIn({ ...target, filter }, request);
  } catch (error) {
    // Whatever has failed: it had no chance.
    if (goesOn(target.init.pid, target.init.startTime)) throw error;
    throw hasStopped();
  }
}

function findTarget({ store, id, ignorePaused }: ExecRequest): Target {
  const directory = openShared(store, id);
  if (directory === undefined) throw doesNotExist(id);
  const record = requireRecord(store, id);
  const status = statusOf(store, record);
  if (status === "paused") {
    if (!ignorePaused) throw isPaused(id);
  } else if (!LEGAL.exec.includes(status)) throw hasStopped();
  if (record.init === undefined) throw hasStopped();
  return { directory, record, init: record.init, spec: parseSpec(readConfig(directory)).spec };
}

function hasStopped(): RuntError {
  return new RuntError({ what: "cannot exec in a stopped container" });
}

function isPaused(id: string): RuntError {
  return new RuntError({
    what: "cannot exec in a paused container (use --ignore-paused to override)",
    hint: `let it go on: runt resume ${id}`,
  });
}

function execIn(target: FilteredTarget, request: ExecRequest): number {
  const process = prepareProcess(target.spec, request);
  const { detach } = request;
  rejectConsole(request, process.terminal === true, detach);
  requirePreserved(request.preserveFds);
  const signals = detach ? undefined : blockSignals();
  resetSigchld();
  const { pidfd, proxy } = undoing(request, (undo) => {
    const terminal = chooseConsole(request, process, undo);
    const sendPidfd = openPidfdSocket(request.pidfdSocket, "setns");
    const entering = enter(target, process, request, undo);
    const { stage, socket } = entering;
    let told = false;
    const go = (answer: string) => {
      told = letGo(socket, answer);
    };
    // Nobody has to hear of the process before it runs: it finds its answer when it comes.
    const isNamed = request.pidFile !== undefined || request.pidfdSocket !== undefined;
    const early = !isNamed && !process.terminal && !target.filter?.notifies;
    const { answer, child } = converse(process, entering, terminal.take, early ? go : undefined);
    const pidfd = openChild(child.pid);
    undo.push(() => endChild(pidfd));
    writePidFile(request.pidFile, child.pid, undo);
    sendPidfd(pidfd);
    if (!told) go(answer);
    awaitExecution(target, entering, { pid: child.pid, pidfd }, told);
    waitForExit(stage.pidfd);
    // Not before: until the stage has executed, what is written for us is written for whoever shares our memory.
    entering.restoreOomScore();
    return { pidfd, proxy: terminal.proxy() };
  });
  return signals === undefined ? 0 : attend(pidfd, signals, proxy);
}

/** @param told it has got its answer; a process that has ended has said why */
function awaitExecution(
  { record: { id, bundle }, spec, filter }: FilteredTarget,
  { channel, socket }: Entering,
  process: Pick<Stage, "pid" | "pidfd">,
  told: boolean,
): void {
  let goes = told;
  if (goes && filter?.notifies) {
    const message = channel.next(["seccomp"]);
    if (message.kind === "seccomp")
      filter.notify({ id, bundle, spec, ...process }, message.number, "running");
    goes = letGo(socket, "\0");
  }
  channel.next(goes ? ["end"] : []);
}

function letGo(socket: Fd, answer: string): boolean {
  return trySend(socket, answer, "let the process go on");
}

/** @throws RuntError where the process is wrong, or asks for what cannot be done */
function prepareProcess(spec: Spec, { process: text, options, warn }: ExecRequest): Process {
  const file = text === undefined ? undefined : parseProcess(text);
  const process = execProcess(spec.process ?? NO_PROCESS, file, options);
  requireSecurityModules(process);
  rejectForkless(process);
  if (isChanged({ process: text, options })) {
    for (const warning of processWarnings(process, "/process")) warn(warning);
  }
  return process;
}

/** The scheduler is set where there is still the privilege to, and the process that is executed is a child. */
function rejectForkless({ scheduler }: Process): void {
  if (scheduler === undefined) return;
  const resets = scheduler.flags?.includes("SCHED_FLAG_RESET_ON_FORK");
  if (scheduler.policy !== "SCHED_DEADLINE" && !resets) return;
  throw new RuntError({
    pointer: "/process/scheduler",
    what: `exec with ${resets ? "SCHED_FLAG_RESET_ON_FORK" : "SCHED_DEADLINE"} is not supported: a fork does not inherit it`,
    hint: "run it by a process file with another scheduler",
  });
}

interface Entering {
  readonly stage: Stage;
  readonly channel: Channel;
  /** Our end of it. */
  readonly socket: Fd;
  readonly restoreOomScore: () => void;
}

/** Until the stage is in the container's cgroup, and runs its program. */
function enter(target: FilteredTarget, process: Process, request: ExecRequest, undo: Undo): Entering {
  const namespaces = planNamespaces(target.spec.linux?.namespaces ?? []);
  requireGroups(process, target.spec.linux, namespaces, attempt("geteuid"));
  if (has(namespaces, "user")) raiseHardLimits(process.rlimits ?? []);
  setInitialAffinity(process);
  const restoreOomScore = setOomScoreAdj(process.oomScoreAdj);
  let starting = start(target, process, request, openExecCgroup(target.record, request.cgroup), undo);
  const program = compile(target, process, namespaces, request);
  starting.spawning.load(program);
  let stage: Stage;
  try {
    stage = starting.spawning.settle();
  } catch (error) {
    if (request.cgroup !== undefined || !hasInnerCgroups(error)) throw error;
    starting = start(target, process, request, openInitCgroup(target.init), undo);
    starting.spawning.load(program);
    stage = starting.spawning.settle();
  }
  unlock(target.directory);
  target.filter?.remember(request.store);
  stage.release();
  return {
    stage,
    restoreOomScore,
    socket: starting.socket,
    channel: openChannel(
      starting.socket,
      (index, errno) => stageFailure(program, index, errno),
      "start",
      stage.pidfd,
    ),
  };
}

/** cgroups(7), "no internal processes": the container has given controllers to cgroups of its own. */
function hasInnerCgroups(error: unknown): boolean {
  if (!(error instanceof RuntError)) return false;
  const { errno } = error.record;
  return errno === errnoName(EBUSY) || errno === errnoName(EOPNOTSUPP);
}

interface Starting {
  readonly spawning: Spawning;
  readonly socket: Fd;
}

function start(
  { init }: Target,
  process: Process,
  { preserveFds }: ExecRequest,
  cgroup: Fd | undefined,
  undo: Undo,
): Starting {
  const [socket, theirs] = socketPair();
  const descriptors = { [CHANNEL]: theirs, [INIT]: openInit(init), ...openProc(hasLabels(process)) };
  const spawning = spawnStage({
    descriptors,
    cloneFlags: 0,
    cgroup,
    preserveFds,
    newTime: false,
    before: [],
    mayBeFrozen: true,
    forks: true,
  });
  undo.push(spawning.end);
  return { spawning, socket };
}

function openInit({ pid, startTime }: ProcessId): Fd {
  const pidfd = openPidfd(pid);
  // Asked after the pidfd was opened: now it is that process or none.
  if (pidfd === undefined || !isAlive(pid, startTime)) throw hasStopped();
  return pidfd;
}

function compile(
  { record, spec, filter }: FilteredTarget,
  process: Process,
  namespaces: NamespacePlan,
  { preserveFds, warn, ...request }: ExecRequest,
): Program {
  const caller = readCaller();
  const streams = inspectStandardStreams(process.user.uid);
  const privileges = privilegeFacts(process, spec.linux, namespaces, caller, streams);
  if (isChanged(request)) for (const warning of privileges.capabilities.warnings) warn(warning);
  const facts = {
    ...privileges,
    id: record.id,
    namespaces: namespaceFlags(spec.linux?.namespaces),
    rootfs: record.rootfs,
    mayTrace: [spec.process, process].some((each) =>
      each?.capabilities?.bounding?.includes("CAP_SYS_PTRACE"),
    ),
    ...(filter && { seccomp: filter }),
    ignoredSignals: caller.ignoredSignals,
  };
  return compileExec(spec, process, facts, { newKeyring: !record.callersKeyring, preserveFds });
}

/** Of the container's own capabilities the caller has been told already. */
function isChanged({ process, options }: Pick<ExecRequest, "process" | "options">): boolean {
  return process !== undefined || options.cap.length > 0;
}

/** Ours: the stage inherits it, as far as its cgroup allows. */
function setInitialAffinity({ execCPUAffinity }: Process): void {
  if (execCPUAffinity?.initial === undefined) return;
  const mask = affinityMask(execCPUAffinity.initial);
  const context = {
    what: `run on the CPUs ${execCPUAffinity.initial}`,
    pointer: "/process/execCPUAffinity/initial",
  };
  call(context, "sched_setaffinity", 0, mask.length, mask);
}
