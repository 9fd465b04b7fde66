// From argv to an exit code: the only place that prints an error, and the only way out.
//
// The build loads this file, and what `preload` imports, into the executable; a process begins at `main`. So nothing
// here, or in what is imported, may depend on the process at the top level of a file.

import { argv, decode } from "runt:host";
import { F_GETFD, O_RDWR, PR_SET_DUMPABLE } from "./abi/constants.ts";
import { EBADF } from "./abi/errno.ts";
import { getWord } from "./abi/structs.ts";
import { dispatch } from "./cli/dispatch.ts";
import { print, readWorkingDirectory } from "./cli/environment.ts";
import { logOptions, parseCommand, parseGlobals } from "./cli/parse.ts";
import { openReport, type Report } from "./cli/report.ts";
import { stateRoot } from "./cli/root.ts";
import type { Session } from "./cli/session.ts";
import { versionText } from "./cli/version.ts";
import { isInitialUserNamespace } from "./container/host.ts";
import { addParts, type PartRow } from "./container/prepared_parts.ts";
import { openStore } from "./container/store.ts";
import { RuntError } from "./error.ts";
import { attempt, call } from "./kernel/call.ts";
import { readVariable } from "./kernel/environment.ts";
import { CWD } from "./kernel/file.ts";
import { setLatePages } from "./late_pages.ts";
import { libraryVersion } from "./seccomp/libseccomp.ts";

const FAILED = 1;
/** Of `exec`, as in runc: other codes are those of the process. */
const EXEC_FAILED = 255;
const STDIN = 0;

/** At build time. What every process needs is imported here; parts of programs are read, which src/collect.ts has printed. */
export async function preload(): Promise<void> {
  readParts();
}

/** At build time, after all else. */
export async function hotPages(): Promise<readonly Uint32Array[]> {
  const { findHotPages } = await import("./hot_pages.ts");
  const { rehearsals } = await import("./rehearsal.ts");
  const { written, read, late } = await findHotPages(rehearsals(command));
  setLatePages(late);
  return [written, read];
}

function readParts(): void {
  const next = (size: number) => {
    const bytes = new Uint8Array(size);
    for (let at = 0, length = 1; at < size; at += length) {
      length = call("read the parts", "read", STDIN, bytes.subarray(at), size - at);
      if (length === 0) throw new Error("standard input ends before the parts do");
    }
    return bytes;
  };
  const json = next(getWord(next(4), 0));
  const rows: PartRow[] = JSON.parse(decode(json, 0, json.length));
  addParts(rows, next(rows.reduce((sum, { size }) => sum + size, 0)));
}

export async function main(): Promise<never> {
  attempt("exit_group", await command(argv.slice(1)));
  throw new Error("the kernel does not end this process");
}

async function command(args: readonly string[]): Promise<number> {
  protect();
  try {
    const globals = parseGlobals(args);
    const report = openReport(globals.values);
    return await execute(globals, report).catch((error) => fail(report, error));
  } catch (error) {
    return fail(lastReport(args), error);
  }
}

/** Before anything that another process could look at, or that could be mistaken for standard input or output. */
function protect(): void {
  // A container's root that traced us, or opened our files in /proc, would have our privileges.
  if (attempt("geteuid") === 0) attempt("prctl", PR_SET_DUMPABLE, 0, 0, 0, 0);
  for (const fd of [0, 1, 2]) {
    // Else the next file that we open takes the number, and the log gets what is meant for stderr.
    if (attempt("fcntl", fd, F_GETFD, 0) === -EBADF) attempt("openat", CWD, "/dev/null", O_RDWR, 0);
  }
}

async function execute({ values, rest }: ReturnType<typeof parseGlobals>, report: Report): Promise<number> {
  if (values.version) {
    print(versionText(libraryVersion()));
    return 0;
  }
  const invocation = parseCommand(values.help ? ["help"] : rest);
  report.debug(() => `command line: ${JSON.stringify(rest)}`);
  const session: Session = { globals: values, store: () => openStore(root(values.root)), warn: report.warn };
  const code = invocation.command === "exec" ? EXEC_FAILED : FAILED;
  return await dispatch(invocation, session).catch((error) => fail(report, error, code));
}

function root(option: string | undefined): string {
  return stateRoot({
    option,
    euid: attempt("geteuid"),
    runtimeDirectory: readVariable("XDG_RUNTIME_DIR"),
    user: readVariable("USER"),
    isInitialUserNamespace,
    workingDirectory: readWorkingDirectory,
  });
}

function fail(report: Report, error: unknown, code = FAILED): number {
  if (error instanceof RuntError) {
    report.error(error.record);
  } else {
    const { message, stack = "" } = error instanceof Error ? error : new Error(String(error));
    report.error(
      { what: `internal error: ${message}`, hint: "this is a bug in runt, please report it" },
      stack,
    );
  }
  return code;
}

/** For an error in the global options themselves: an engine reads the log even so, if it can be opened at all. */
function lastReport(args: readonly string[]): Report {
  try {
    return openReport(logOptions(args));
  } catch {
    return openReport({ log: undefined, "log-format": "text", debug: false });
  }
}
