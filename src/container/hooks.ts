// The hooks of a container, each at its moment (runtime.md, "Lifecycle"). One that fails ends what is being done, but
// for poststop, where it is a warning. What a hook prints is for the message of its failure, and nobody waits for more
// of it when the hook has ended: a process that it leaves behind may keep its output open.

import { errnoName, errnoText } from "../abi/errno.ts";
import { HookError, RuntError } from "../error.ts";
import { readEnvironment } from "../kernel/environment.ts";
import { close, isDirectory, readFileIfExists, statPath } from "../kernel/file.ts";
import { poll, sendSignal, waitStatus } from "../kernel/process.ts";
import { trySendDescriptors } from "../kernel/socket.ts";
import { type HookKind, hookKinds } from "../spec/hooks.ts";
import type { Hook, Hooks, StringMap } from "../spec/types.ts";
import type { Channel } from "./channel.ts";
import type { HookSteps } from "./compile.ts";
import { hookSteps } from "./compile_hooks.ts";
import { type Output, openStreams, readUntil } from "./hook_streams.ts";
import { startProgram } from "./host_command.ts";
import { TIMED_OUT } from "./messages.ts";
import type { Status } from "./record.ts";
import type { Warn } from "./request.ts";

/** What a hook is told of the container, beside its status and pid. */
export interface HookSubject {
  readonly ociVersion: string;
  readonly id: string;
  readonly bundle: string;
  readonly annotations?: StringMap<string>;
}

/** Pids are those that the runtime sees. All but the last throw a HookError. */
export interface ContainerHooks {
  readonly kinds: readonly HookKind[];
  readonly steps: HookSteps;
  /** prestart, and then createRuntime. */
  readonly createRuntime: (pid: number) => void;
  /** The stage is about to run this one. */
  readonly createContainer: (channel: Channel, pid: number, index: number) => void;
  /** Attends to startContainer, and waits for the execve behind. */
  readonly untilExecution: (channel: Channel, pid: number) => void;
  readonly poststart: (pid: number) => void;
  readonly poststop: (warn: Warn) => void;
}

const SIGKILL = 9;
/** Milliseconds for a hook to end that was killed, and for the stage to say so. */
const KILL_DEADLINE = 10_000;

export function containerHooks(hooks: Hooks, subject: HookSubject): ContainerHooks {
  const state = (status: Status, pid: number) => stateOf(subject, status, pid);
  const find = (kind: HookKind, index: number) => ({
    kind,
    index,
    hook: (hooks[kind] as readonly Hook[])[index] as Hook,
  });
  const all = (kind: HookKind) => (hooks[kind] ?? []).map((_, index) => find(kind, index));
  const run = (kind: HookKind, text: string) => {
    for (const which of all(kind)) runHook(which, subject.bundle, text);
  };
  return {
    kinds: hookKinds(hooks),
    steps: hookSteps(hooks, subject.bundle),
    createRuntime: (pid) => {
      // What they were told in version 1.0, where they were part of `start`; as runtime.md (State) has it, too.
      run("prestart", state("created", pid));
      run("createRuntime", state("creating", pid));
    },
    createContainer: (channel, pid, index) => {
      attendTo(find("createContainer", index), channel, state("creating", innerPid(pid)));
    },
    untilExecution: (channel, pid) => {
      for (;;) {
        const message = channel.next(["hook", "end"]);
        if (message.kind === "end") return;
        attendTo(find("startContainer", message.index), channel, state("created", innerPid(pid)));
      }
    },
    poststart: (pid) => run("poststart", state("running", pid)),
    poststop: (warn) => {
      for (const which of all("poststop")) {
        try {
          runHook(which, subject.bundle, state("stopped", 0));
        } catch (error) {
          if (!(error instanceof RuntError)) throw error;
          warn(error.record);
        }
      }
    },
  };
}

/** runtime.md, "State", in the order of runc. */
function stateOf({ ociVersion, id, bundle, annotations }: HookSubject, status: Status, pid: number): string {
  return JSON.stringify({ ociVersion, id, status, pid, bundle, ...(annotations && { annotations }) });
}

/** As the container sees it: the last of the pids that a process has, proc_pid_status(5). */
function innerPid(pid: number): number {
  const status = readFileIfExists(`/proc/${pid}/status`) ?? "";
  const line = status.split("\nNSpid:\t", 2)[1]?.split("\n", 1)[0];
  return Number(line?.split("\t").at(-1) ?? pid);
}

interface Which {
  readonly kind: HookKind;
  readonly index: number;
  readonly hook: Hook;
}

/** In our own namespaces. */
function runHook(which: Which, bundle: string, state: string): void {
  const { path, args, env = readEnvironment(), timeout } = which.hook;
  const { theirs, ours } = openStreams(state);
  const argv = args?.length ? args : [path];
  // After `delete` the bundle may be gone.
  const directory = isThere(bundle) ? bundle : "/";
  const { pidfd: child } = startProgram({ path, argv, env, directory, streams: theirs }, (errno) =>
    cannotExecute(which, errno),
  );
  const output = readUntil(child, ours, timeout === undefined ? -1 : timeout * 1000);
  if (!output.inTime) sendSignal(child, SIGKILL);
  const hasEnded = output.inTime || poll([{ fd: child }], KILL_DEADLINE) !== undefined;
  const status = hasEnded ? waitStatus(child) : TIMED_OUT;
  close(child);
  rejectStatus(which, output.inTime ? status : TIMED_OUT, output);
}

function isThere(path: string): boolean {
  const status = statPath(path);
  return typeof status !== "number" && isDirectory(status);
}

/** In the container's namespaces, by the stage, which has said that it is about to. */
function attendTo(which: Which, channel: Channel, state: string): void {
  const { timeout } = which.hook;
  const { theirs, ours } = openStreams(state);
  // A stage that has ended meanwhile has said why.
  trySendDescriptors(channel.fd, "\0", theirs, `give its standard streams to ${nameOf(which)}`);
  theirs.forEach(close);
  const output = readUntil(channel.fd, ours, timeout === undefined ? -1 : timeout * 1000 + KILL_DEADLINE);
  const { status } = channel.next(["ended"], (_, errno) => cannotExecute(which, errno));
  rejectStatus(which, status, output);
}

function nameOf({ kind, index }: Which): string {
  return `${kind} hook #${index}`;
}

function cannotExecute(which: Which, errno: number): HookError {
  const { kind, index, hook } = which;
  const name = errnoName(errno);
  return new HookError({
    pointer: `/hooks/${kind}/${index}/path`,
    what: `error running ${nameOf(which)}: execute ${hook.path}`,
    errno: name,
    why: errnoText(name),
    hint: `the path is one of ${kind === "startContainer" ? "the container" : "the host"}`,
  });
}

/** @throws HookError unless all is well, in the words of runc */
function rejectStatus(which: Which, status: number, { stdout, stderr }: Output): void {
  if (status === 0) return;
  const printed = `stdout: ${stdout.trimEnd()}, stderr: ${stderr.trimEnd()}`;
  throw new HookError({
    pointer: `/hooks/${which.kind}/${which.index}`,
    what: `error running ${nameOf(which)}: ${describeStatus(status, which.hook)}, ${printed}`,
  });
}

function describeStatus(status: number, { timeout = 0 }: Hook): string {
  if (status === TIMED_OUT) return `hook ran past specified timeout of ${timeout.toFixed(1)}s`;
  const signal = status & 0x7f;
  return signal === 0 ? `exit status ${status >> 8}` : `killed by signal ${signal}`;
}
