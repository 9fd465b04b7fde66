// `start`: the waiting process goes on to its execve, whose outcome comes back over the same connection.

import { POLLIN } from "../abi/constants.ts";
import { ECONNREFUSED, ENOENT, errnoName, errnoText } from "../abi/errno.ts";
import { getWord } from "../abi/structs.ts";
import { RuntError } from "../error.ts";
import { type Fd, failure } from "../kernel/call.ts";
import { close, readFile, remove } from "../kernel/file.ts";
import { poll } from "../kernel/process.ts";
import { receive, send, tryConnect } from "../kernel/socket.ts";
import { parseSpec } from "../spec/parse.ts";
import { MESSAGE } from "./messages.ts";
import {
  doesNotExist,
  openLocked,
  requireRecord,
  START_SOCKET,
  type Store,
  startSocketPath,
  statusOf,
} from "./store.ts";

/** Milliseconds from the go-ahead to the execve. Only an executable on a dead server takes longer. */
const DEADLINE = 120_000;

const ILLEGAL = {
  creating: "cannot start a container that is still being created",
  running: "cannot start an already running container",
  paused: "cannot start a container in the paused state",
  stopped: "cannot start a container that has stopped",
} as const;

export function startContainer(store: Store, id: string): void {
  const directory = openLocked(store, id);
  if (directory === undefined) throw doesNotExist(id);
  const status = statusOf(store, requireRecord(store, id));
  if (status !== "created") throw new RuntError({ what: ILLEGAL[status] });
  const connection = tryConnect(startSocketPath(store, id));
  // Nobody listens any more: an earlier `start` was killed between its go-ahead and its cleaning up.
  const late = connection === -ECONNREFUSED || connection === -ENOENT;
  if (connection < 0 && !late) throw failure("reach the container's process", -connection);
  if (!late) goAhead(connection as Fd, `${directory.path}/config.json`);
  remove(START_SOCKET, directory.fd);
  if (late) throw new RuntError({ what: ILLEGAL.running });
}

function goAhead(connection: Fd, config: string): void {
  send(connection, "\0", "start the container's process");
  if (poll([{ fd: connection, events: POLLIN }], DEADLINE) === undefined) {
    throw new RuntError({ what: `the container's process has not executed for ${DEADLINE / 1000} s` });
  }
  const { bytes } = receive(connection, "hear from the container's process");
  close(connection);
  // The end of file is the execve itself: it has closed the connection.
  if (bytes.length === 0) return;
  if (getWord(bytes, 0) !== MESSAGE.failure) throw new RuntError({ what: "an answer that is none" });
  const errno = errnoName(getWord(bytes, 8));
  const executable = parseSpec(readFile(config)).spec.process?.args[0] ?? "";
  throw new RuntError({ pointer: "/process/args", what: `exec ${executable}`, errno, why: errnoText(errno) });
}
