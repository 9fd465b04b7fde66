// Where messages go: stderr and the file of --log. conmon reads stderr once and Podman parses the whole log as one
// object, so an error is one write(2) to each of them, and nothing else is written unless it was asked for.

import { O_APPEND, O_CREAT, O_WRONLY } from "../abi/constants.ts";
import { rfc3339 } from "../container/time.ts";
import type { ErrorRecord } from "../error.ts";
import { attempt, type Fd } from "../kernel/call.ts";
import { open, toBytes } from "../kernel/file.ts";
import { readClock } from "../kernel/process.ts";
import { jsonLine, type Level, messageLines, textLine } from "./log.ts";
import type { GlobalValues } from "./options.ts";

const STDERR = 2 as Fd;

export interface Report {
  /** @param trace more lines for stderr, below the message */
  error(record: ErrorRecord, trace?: string): void;
  warn(record: ErrorRecord): void;
  debug(what: () => string): void;
}

export type ReportOptions = Pick<GlobalValues, "log" | "log-format" | "debug">;

/** Makes the log file at once: containerd wants one even where there is nothing to say. */
export function openReport(options: ReportOptions): Report {
  const { log: path, debug } = options;
  const json = options["log-format"] === "json";
  const fd = path === undefined || path === "" ? undefined : openLog(path);
  const log = (level: Level, record: ErrorRecord) => {
    if (fd !== undefined) write(fd, (json ? jsonLine : textLine)({ level, record, time: now() }));
  };
  const print = (level: Level, record: ErrorRecord, trace = "") =>
    write(STDERR, messageLines(level, record) + trace);
  return {
    error: (record, trace) => {
      log("error", record);
      print("error", record, trace);
    },
    warn: (record) => {
      if (fd === undefined) print("warning", record);
      else if (debug || !json) log("warning", record);
    },
    debug: (what) => {
      if (debug) (fd === undefined ? print : log)("debug", { what: what() });
    },
  };
}

function openLog(path: string): Fd {
  return open(path, O_WRONLY | O_CREAT | O_APPEND, {
    mode: 0o644,
    context: {
      what: `open the log file ${path}`,
      hint: "--log takes the path of a file in a directory that exists",
    },
  });
}

/** There is nobody to tell that a message could not be written. */
function write(fd: Fd, text: string): void {
  attempt("write", fd, toBytes(text), text.length);
}

function now(): string {
  const { seconds, nanoseconds } = readClock(0);
  return rfc3339(seconds, nanoseconds, 0);
}
