import { describe, expect, test } from "vitest";
import { errorsIn, hintFor } from "../../../src/criu/log.ts";

const LOG = `(00.000016) Running on host
(00.025809) Error (criu/util.c:1533): rlimit: Can't setup RLIMIT_NOFILE for self: Operation not permitted
Error (criu/util.c:641): execvp("iptables-restore", ...) failed: No such file or directory
(00.027792) Error (criu/util.c:656): exited, status=1
(00.028256) Error (criu/util.c:656): exited, status=1
(00.028263)      7: Error (criu/net.c:3282): net: Locking network failed
(00.031336) Error (criu/cr-dump.c:2111): Dumping FAILED.
`;

describe("errors of a log", () => {
  test("are without the time, without what every log says, and once", () => {
    expect(errorsIn(LOG)).toEqual([
      'execvp("iptables-restore", ...) failed: No such file or directory',
      "exited, status=1",
      "net: Locking network failed",
    ]);
  });

  test("are the last ones", () => {
    const log = Array.from({ length: 9 }, (_, index) => `(1) Error (a.c:1): e${index}`).join("\n");
    expect(errorsIn(log)).toEqual(["e4", "e5", "e6", "e7", "e8"]);
  });

  test("cannot bring control characters, or a flood, to a terminal", () => {
    expect(errorsIn(`(1) Error (a.c:1): file \x1b[2J\xff${"x".repeat(10_000)}`)).toEqual([
      `file \\x1b[2J\\xff${"x".repeat(290)}`,
    ]);
  });

  test("are not what a container's file is called", () => {
    expect(errorsIn("(1) Dumping path for /tmp/Error (a.c:1): fake")).toEqual([]);
  });

  test.each(["", "Error (", "(1) Error (", "\n\n"])("are none in %j", (log) => {
    expect(errorsIn(log)).toEqual([]);
  });
});

describe("hints", () => {
  test("name the option", () => {
    expect(hintFor(errorsIn(LOG))).toContain("--network-lock nftables");
    expect(hintFor(["inet: Connected TCP socket, consider using --tcp-established option."])).toContain(
      "--tcp-established",
    );
    expect(hintFor(["something else"])).toBeUndefined();
  });
});

test("errors of a process that is being restored", () => {
  const log = "(01.116690) pie: 1: Error (criu/pie/restorer.c:1835): Can't read pages data (-9)\n";
  expect(errorsIn(log)).toEqual(["Can't read pages data (-9)"]);
});
