// One conversation with CRIU: `criu swrk` is a child that takes requests over a socket, and tells on the way what it has
// come to. Nobody limits its time: it writes all memory of a container. A CRIU that has died has closed the socket.

import { decode } from "runt:host";
import { O_RDWR } from "../abi/constants.ts";
import { ECONNRESET, errnoName } from "../abi/errno.ts";
import {
  type CriuOptions,
  type Feature,
  featureRequest,
  notified,
  parseResponse,
  REQUEST_TYPE,
  type Response,
  request as requestOf,
  versionRequest,
} from "../criu/messages.ts";
import { RuntError } from "../error.ts";
import { type Fd, failure } from "../kernel/call.ts";
import { readEnvironment } from "../kernel/environment.ts";
import { close, open } from "../kernel/file.ts";
import { poll } from "../kernel/process.ts";
import { type Received, receive, socketPair, trySend } from "../kernel/socket.ts";
import { type CriuFiles, criuError } from "./criu_files.ts";
import { DEFAULT_PATH, findExecutable, startProgram } from "./host_command.ts";
import { duplicate, endChild, type RawCall } from "./spawn.ts";

/** For external pid namespaces and profiles of security modules. An older one ignores silently what it does not know. */
const OLDEST = 31_600;
const MESSAGE = 64 << 10;
/** Its number in CRIU's process. */
const SOCKET = 3;
/** All but what is of use to CRIU's authors only. */
const LOG_LEVEL = 4;
/** Milliseconds for CRIU to end, once nobody talks to it any more: it takes back what it has begun. */
const END_DEADLINE = 10_000;

/** The first of the descriptors that CRIU inherits, as it numbers them. */
export const FIRST_INHERITED = SOCKET + 1;

type Action = "DUMP" | "PRE_DUMP" | "RESTORE";

/** What it throws makes CRIU give up. */
export type OnNotify = (script: string, pid: number, fd: Fd | undefined) => void;

export interface Criu {
  readonly pid: number;
  /** @throws RuntError if this CRIU, or this kernel, can't */
  readonly require: (feature: Feature) => void;
  /** The last request. @throws RuntError with what the log says */
  readonly request: (action: Action, files: CriuFiles, options: CriuOptions, onNotify?: OnNotify) => void;
  readonly end: () => void;
}

export interface CriuRequest {
  /** The standard streams of CRIU itself; none, unless given. Closed here, as the others, when CRIU has them. */
  readonly streams?: readonly [Fd, Fd, Fd];
  readonly inherited?: readonly Fd[];
  readonly calls?: readonly RawCall[];
}

/** @throws RuntError if there is none, or one that is too old */
export function startCriu({ streams = noStreams(), inherited = [], calls = [] }: CriuRequest): Criu {
  const env = readEnvironment();
  const searchPath = env.find((variable) => variable.startsWith("PATH="));
  const path = locate(searchPath?.slice("PATH=".length));
  const [ours, theirs] = socketPair();
  const { pid, pidfd } = startProgram(
    {
      path,
      argv: ["criu", "swrk", String(SOCKET)],
      // It calls others: tar, iptables-restore.
      env: searchPath === undefined ? [...env, `PATH=${DEFAULT_PATH}`] : env,
      streams: [...streams, theirs, ...inherited],
      calls,
    },
    (errno) => failure(`execute ${path}`, errno),
  );
  let hasEnded = false;
  const end = () => {
    if (hasEnded) return;
    hasEnded = true;
    close(ours);
    // Killed while it dumps, it would leave the container's processes stopped.
    poll([{ fd: pidfd }], END_DEADLINE);
    endChild(pidfd);
  };
  try {
    requireVersion(ours, path);
  } catch (error) {
    end();
    throw error;
  }
  return {
    pid,
    end,
    require: (feature) => {
      send(ours, featureRequest(feature));
      if (hear(ours).response.features.includes(feature)) return;
      throw new RuntError({
        what: `CRIU is missing features: ${feature}`,
        hint: `it depends on the kernel: ${path} check --all tells more`,
      });
    },
    request: (action, files, options, onNotify = () => {}) => {
      const logFile = action === "RESTORE" ? "restore.log" : "dump.log";
      send(
        ours,
        requestOf(action, {
          images_dir_fd: files.images,
          work_dir_fd: files.work,
          log_level: LOG_LEVEL,
          log_file: logFile,
          notify_scripts: true,
          ...options,
        }),
      );
      const response = converse(ours, onNotify);
      if (!response.success) throw criuError(action, response, files, logFile);
    },
  };
}

function noStreams(): readonly [Fd, Fd, Fd] {
  const nothing = open("/dev/null", O_RDWR);
  return [nothing, duplicate(nothing), duplicate(nothing)];
}

function locate(searchPath: string | undefined): string {
  try {
    return findExecutable("criu", searchPath);
  } catch (error) {
    if (!(error instanceof RuntError)) throw error;
    const hint = `install CRIU, which Debian, Fedora and others have as the package criu; ${error.record.hint}`;
    throw new RuntError({ ...error.record, hint });
  }
}

function requireVersion(socket: Fd, path: string): void {
  send(socket, versionRequest());
  const { version } = hear(socket).response;
  if (version >= OLDEST) return;
  const found = `${Math.floor(version / 10_000)}.${Math.floor(version / 100) % 100}`;
  throw new RuntError({ what: `${path} is of version ${found}, and 3.16 or newer is needed` });
}

function send(socket: Fd, message: string): void {
  // One that has died is not there to hear it, and hear finds that out.
  trySend(socket, message, "send a request to criu");
}

/** Until the last answer: CRIU waits for one to each of its notifications. */
function converse(socket: Fd, onNotify: OnNotify): Response {
  let stopped: unknown;
  for (;;) {
    const { response, fd } = hear(socket);
    if (response.type !== REQUEST_TYPE.NOTIFY) {
      if (stopped !== undefined) throw stopped;
      return response;
    }
    try {
      onNotify(response.notify?.script ?? "", response.notify?.pid ?? 0, fd);
    } catch (error) {
      stopped ??= error;
    }
    send(socket, notified(stopped === undefined));
  }
}

interface Heard {
  readonly response: Response;
  readonly fd: Fd | undefined;
}

/** @throws RuntError if it has ended instead, or says what it should not */
function hear(socket: Fd): Heard {
  const { bytes, fd } = receiveOrEnd(socket);
  if (bytes.length > 0) {
    const response = parseResponse(decode(bytes, 0, bytes.length));
    if (response !== undefined) return { response, fd };
    throw new RuntError({ what: "criu sent a message that is not one" });
  }
  throw new RuntError({
    what: "criu has ended without an answer",
    hint: "criu check tells whether it works with this kernel at all",
  });
}

function receiveOrEnd(socket: Fd): Received {
  try {
    return receive(socket, "hear from criu", MESSAGE);
  } catch (error) {
    if (!(error instanceof RuntError) || error.record.errno !== errnoName(ECONNRESET)) throw error;
    return { bytes: new Uint8Array() };
  }
}
