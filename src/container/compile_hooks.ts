// The hooks that run while the stage does, as instructions. Those of the runtime's namespaces are run by the parent; a
// hook of the container's namespaces is a child of the stage, so that it is wherever the stage is and may what the
// stage may. Its standard streams come from whoever listens, `create` or `start`, who reads what it prints.

import {
  CLONE_PIDFD,
  CLONE_VFORK,
  CLOSE_RANGE_CLOEXEC,
  F_SETFD,
  MSG_CMSG_CLOEXEC,
  POLLIN,
} from "../abi/constants.ts";
import { EINVAL } from "../abi/errno.ts";
import { longs, words } from "../abi/structs.ts";
import { addressOf, type Builder, data, field, pointerArray, text, tolerate } from "../program/builder.ts";
import type { Data, Register } from "../program/instruction.ts";
import { type HookKind, hookKinds } from "../spec/hooks.ts";
import type { Hook, Hooks } from "../spec/types.ts";
import type { HookSteps } from "./compile.ts";
import { MESSAGE, TIMED_OUT } from "./messages.ts";
import { compileAwaitGo, compileSend, compileSendAbout } from "./send.ts";

const SIGKILL = 9;
const SIGCHLD = 17;
const UMASK = 0o022;

/** A hook, and what it does for itself before it executes. */
interface HookProgram {
  readonly kind: HookKind;
  readonly hook: Hook;
  readonly index: number;
  readonly environment: Data;
  readonly prepare: (b: Builder) => void;
}

/** @param bundle absolute path */
export function hookSteps(hooks: Hooks, bundle: string): HookSteps {
  const kinds = hookKinds(hooks);
  return {
    atCreate(b, channel) {
      if (kinds.includes("prestart") || kinds.includes("createRuntime")) compileRuntimeHooks(b, channel);
      hooks.createContainer?.forEach((hook, index) => {
        const environment = strings(hook.env ?? []);
        const prepare = () => compileOutside(b, bundle);
        compileHook(b, channel, { kind: "createContainer", hook, index, environment, prepare });
      });
    },
    atStart(b, channel, ofContainer) {
      hooks.startContainer?.forEach((hook, index) => {
        const environment = hook.env?.length ? strings(hook.env) : ofContainer;
        compileHook(b, channel, { kind: "startContainer", hook, index, environment, prepare: () => {} });
      });
    },
  };
}

function compileRuntimeHooks(b: Builder, channel: Register): void {
  b.from("/hooks");
  compileSend(b, channel, "hooks");
  compileAwaitGo(b, channel, data(new Uint8Array(8), "byte"), 1);
}

/** Like a program of the host, in the bundle, where nothing of the container's can wait to be found (CVE-2025-23266). */
function compileOutside(b: Builder, bundle: string): void {
  b.call("umask", [UMASK]);
  b.call("chdir", ["/"]);
  // Root of a user namespace may not be let into it.
  b.call("chdir", [bundle], { on: tolerate("any") });
}

function compileHook(b: Builder, channel: Register, program: HookProgram): void {
  b.from(`/hooks/${program.kind}/${program.index}`);
  b.scratch("stdin", (stdin) =>
    b.scratch("stdout", (stdout) =>
      b.scratch("stderr", (stderr) => {
        const streams = [stdin, stdout, stderr];
        b.call("sendto", [channel, data(words(MESSAGE.hook, program.index), "message"), 8, 0, null, 0]);
        compileReceiveStreams(b, channel, streams);
        compileRun(b, channel, streams, program);
      }),
    ),
  );
}

/** A parent that died says nothing: then there is no container either. */
function compileReceiveStreams(b: Builder, channel: Register, streams: readonly Register[]): void {
  const received = b.label();
  const vector = data(longs(0, 1), "iovec", [{ at: 0, to: data(new Uint8Array(8), "byte") }]);
  const control = data(new Uint8Array(32), "descriptors");
  const header = data(longs(0, 0, 0, 1, 0, 32, 0), "msghdr", [
    { at: 16, to: vector },
    { at: 32, to: control },
  ]);
  b.scratch("received", (count) => {
    b.call("recvmsg", [channel, header, MSG_CMSG_CLOEXEC], { into: count });
    b.jumpIf(count, "!=", 0, received);
  });
  b.exit(1);
  b.place(received);
  streams.forEach((stream, number) => {
    b.peek(stream, field(control, 16 + number * 4), 4);
  });
}

function compileRun(
  b: Builder,
  channel: Register,
  streams: readonly Register[],
  { kind, hook, index, environment, prepare }: HookProgram,
): void {
  const parent = b.label();
  b.scratch("pid", (pid) =>
    b.scratch("pidfd", (pidfd) => {
      // The child has these very registers. With CLONE_VFORK the stage goes on when it does not need them any more.
      b.call("clone", [CLONE_VFORK | CLONE_PIDFD | SIGCHLD, null, addressOf(pidfd), null, 0], { into: pid });
      b.jumpIf(pid, "!=", 0, parent);
      streams.forEach((stream, number) => {
        // It is there already, where the caller of the runtime has closed it; then it only has to stay.
        b.call("dup3", [stream, number, 0], { on: tolerate(EINVAL) });
        b.call("fcntl", [number, F_SETFD, 0]);
      });
      prepare(b);
      b.call("close_range", [3, -1, CLOSE_RANGE_CLOEXEC]);
      b.from(`/hooks/${kind}/${index}/path`);
      // A failure is reported by the child, before the stage knows of it.
      b.call("execve", [hook.path, strings(hook.args?.length ? hook.args : [hook.path]), environment]);
      b.from(`/hooks/${kind}/${index}`);
      b.place(parent);
      for (const stream of streams) b.call("close", [stream]);
      compileWait(b, channel, pid, pidfd, hook.timeout);
    }),
  );
}

/** Until it has ended, or its time has; then the stage says which, and ends too unless all is well. */
function compileWait(
  b: Builder,
  channel: Register,
  pid: Register,
  pidfd: Register,
  timeout: number | undefined,
): void {
  const told = b.label();
  const good = b.label();
  b.scratch("status", (status) => {
    if (timeout !== undefined) compileDeadline(b, pid, pidfd, { status, timeout, told });
    b.set(status, 0);
    b.call("wait4", [pid, addressOf(status), 0, null]);
    b.place(told);
    b.call("close", [pidfd]);
    compileSendAbout(b, channel, "ended", status);
    b.jumpIf(status, "==", 0, good);
  });
  b.exit(1);
  b.place(good);
}

interface Deadline {
  readonly status: Register;
  /** Seconds. */
  readonly timeout: number;
  readonly told: ReturnType<Builder["label"]>;
}

function compileDeadline(
  b: Builder,
  pid: Register,
  pidfd: Register,
  { status, timeout, told }: Deadline,
): void {
  const inTime = b.label();
  const entry = data(words(0, POLLIN), "pollfd");
  b.poke(entry, pidfd, 4);
  b.call("ppoll", [entry, 1, data(longs(timeout, 0), "timespec"), null, 0], { into: status });
  b.jumpIf(status, "!=", 0, inTime);
  b.call("kill", [pid, SIGKILL]);
  b.call("wait4", [pid, null, 0, null]);
  b.set(status, TIMED_OUT);
  b.jump(told);
  b.place(inTime);
}

function strings(items: readonly string[]): Data {
  return pointerArray(items.map(text));
}
