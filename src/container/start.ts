// `start`: the waiting process goes on to its execve, whose outcome comes back over the same connection.

import { SOCK_SEQPACKET } from "../abi/constants.ts";
import { ECONNREFUSED, ENOENT, errnoName, errnoText } from "../abi/errno.ts";
import { HookError, RuntError } from "../error.ts";
import { type Fd, failure } from "../kernel/call.ts";
import { close, readFile, remove } from "../kernel/file.ts";
import { openPidfd } from "../kernel/process.ts";
import { send, tryConnect } from "../kernel/socket.ts";
import { parseSpec } from "../spec/parse.ts";
import { openChannel } from "./channel.ts";
import { stopAndDispose } from "./delete.ts";
import type { ContainerHooks } from "./hooks.ts";
import { hooksOf } from "./load_hooks.ts";
import { importRare } from "./rare.ts";
import type { ContainerRecord } from "./record.ts";
import type { Warn } from "./request.ts";
import {
  CONFIG,
  doesNotExist,
  type LockedDirectory,
  openLocked,
  requireRecord,
  START_SOCKET,
  type Store,
  startSocketPath,
  statusOf,
  unlock,
} from "./store.ts";

const ILLEGAL = {
  creating: "cannot start a container that is still being created",
  running: "cannot start an already running container",
  paused: "cannot start a container in the paused state",
  stopped: "cannot start a container that has stopped",
} as const;

/**
 * @param notifySocket of the caller: it is told, and waited for, that the container is ready
 * @throws HookError where a hook has failed, and the container is gone
 */
export async function startContainer(
  store: Store,
  id: string,
  warn: Warn,
  notifySocket?: string,
): Promise<void> {
  const directory = openLocked(store, id);
  if (directory === undefined) throw doesNotExist(id);
  const record = requireRecord(store, id);
  const status = statusOf(store, record);
  if (status !== "created") throw new RuntError({ what: ILLEGAL[status] });
  const hooks = await hooksOf(record, directory, ["startContainer", "poststart"]);
  const notify = notifySocket ? (await importRare()).openNotifyProxy(directory, notifySocket) : undefined;
  const pidfd = notify && openPidfd(record.init?.pid ?? 0);
  const connection = tryConnect(startSocketPath(store, id), { type: SOCK_SEQPACKET });
  // Nobody listens any more: an earlier `start` was killed between its go-ahead and its cleaning up.
  const late = connection === -ECONNREFUSED || connection === -ENOENT;
  if (connection < 0 && !late) throw failure("reach the container's process", -connection);
  const pid = record.init?.pid ?? 0;
  try {
    if (!late) goAhead(connection as Fd, directory, record, hooks);
    remove(START_SOCKET, directory.fd);
    if (late) throw new RuntError({ what: ILLEGAL.running });
    hooks?.poststart(pid);
    if (notify === undefined || pidfd === undefined) return;
    // It takes as long as the container likes.
    unlock(directory);
    notify.awaitReady(pidfd, pid, warn);
  } catch (error) {
    if (error instanceof HookError) await disposeOf(directory, record, warn);
    throw error;
  }
}

/** What could not be removed must not hide why it had to be. */
async function disposeOf(directory: LockedDirectory, record: ContainerRecord, warn: Warn): Promise<void> {
  try {
    await stopAndDispose(directory, record, warn);
  } catch (error) {
    if (!(error instanceof RuntError)) throw error;
    warn(error.record);
  }
}

function goAhead(
  connection: Fd,
  directory: LockedDirectory,
  { init }: ContainerRecord,
  hooks: ContainerHooks | undefined,
): void {
  send(connection, "\0", "start the container's process");
  const explain = (index: number, errno: number) =>
    init?.execve === undefined || init.execve === index
      ? executionFailure(directory, errno)
      : cannotFilter(errnoName(errno));
  const channel = openChannel(connection, explain, "ready");
  // The end of file is the execve itself: it has closed the connection.
  if (hooks === undefined) channel.next(["end"]);
  else hooks.untilExecution(channel, init?.pid ?? 0);
  close(connection);
}

function executionFailure({ fd }: LockedDirectory, number: number): RuntError {
  const errno = errnoName(number);
  const { process } = parseSpec(readFile(CONFIG, fd)).spec;
  if (process === undefined) {
    return new RuntError({
      pointer: "/process",
      what: "there is no process to start",
      hint: "delete the container, and create one whose config.json has a process",
    });
  }
  return new RuntError({
    pointer: "/process/args",
    what: `exec ${process.args[0]}`,
    errno,
    why: errnoText(errno),
  });
}

/** The one thing that follows the go-ahead beside execve. */
function cannotFilter(errno: string): RuntError {
  return new RuntError({
    pointer: "/linux/seccomp",
    what: "load the filter, and drop the capability that this needs",
    errno,
    why: errnoText(errno),
    hint: "without process.noNewPrivileges the filter itself has to allow capset",
  });
}
