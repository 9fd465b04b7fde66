// exec: from config.json, a process file and the command line to the process that is run.

import { describe, expect, test } from "vitest";
import { RuntError } from "../../src/error.ts";
import { affinityMask } from "../../src/process/affinity.ts";
import { type ExecOptions, execProcess } from "../../src/spec/exec_process.ts";
import type { Process } from "../../src/spec/types.ts";

const NONE: ExecOptions = {
  args: [],
  tty: false,
  cwd: undefined,
  env: [],
  user: undefined,
  additionalGids: [],
  cap: [],
  noNewPrivs: false,
  apparmor: undefined,
  processLabel: undefined,
};

const FIRST: Process = {
  terminal: true,
  consoleSize: { height: 1, width: 2 },
  user: { uid: 1, gid: 2, umask: 0o77, additionalGids: [3] },
  args: ["init"],
  env: ["A=1"],
  cwd: "/first",
  capabilities: { bounding: ["CAP_KILL"], inheritable: ["CAP_KILL"] },
  rlimits: [{ type: "RLIMIT_CORE", soft: 0n, hard: 0n }],
  noNewPrivileges: true,
  oomScoreAdj: 10,
  execCPUAffinity: { final: "0" },
};

const FILE: Process = { user: { uid: 7, gid: 8 }, args: ["of", "file"], cwd: "/file" };

function exec(options: Partial<ExecOptions>, file?: Process): Process {
  return execProcess(FIRST, file, { ...NONE, args: file ? [] : ["x"], ...options });
}

function refused(options: Partial<ExecOptions>): string {
  try {
    exec(options);
  } catch (error) {
    if (error instanceof RuntError) return error.record.what;
    throw error;
  }
  throw new Error("nothing was thrown");
}

describe("arguments", () => {
  test("are run as the first process is, without its terminal", () => {
    const { terminal, consoleSize, ...rest } = FIRST;
    expect(exec({})).toEqual({ ...rest, args: ["x"] });
  });

  test("all options", () => {
    const process = exec({
      tty: true,
      cwd: "/c",
      env: ["B=2", "A=3"],
      user: "5:6",
      additionalGids: ["9", "10"],
      apparmor: "profile",
      processLabel: "label",
    });
    expect(process).toMatchObject({
      terminal: true,
      cwd: "/c",
      env: ["A=1", "B=2", "A=3"],
      user: { uid: 5, gid: 6, umask: 0o77, additionalGids: [3, 9, 10] },
      apparmorProfile: "profile",
      selinuxLabel: "label",
    });
    expect(process).not.toHaveProperty("consoleSize");
  });

  test("the group stays where only a user is given", () => {
    expect(exec({ user: "5" }).user).toMatchObject({ uid: 5, gid: 2 });
  });

  test("capabilities are added, but never inheritable ones", () => {
    expect(exec({ cap: ["CAP_CHOWN"] }).capabilities).toEqual({
      bounding: ["CAP_KILL", "CAP_CHOWN"],
      effective: ["CAP_CHOWN"],
      permitted: ["CAP_CHOWN"],
      inheritable: ["CAP_KILL"],
      ambient: ["CAP_CHOWN"],
    });
  });

  test.each([
    "a",
    "-1",
    "+1",
    "0x10",
    "1e3",
    "1 ",
    " 1",
    "",
    "4294967295",
    "4294967296",
    "18446744073709551616",
  ])("no id: %j", (id) => {
    expect(refused({ user: `${id}:1` })).toContain("as int for uid failed");
    expect(refused({ user: `1:${id}` })).toContain("as int for gid failed");
    expect(refused({ additionalGids: ["1", id] })).toContain("as int for additional-gids failed");
  });

  test("what no process can have", () => {
    expect(refused({ args: [] })).toBe("process args cannot be empty");
    expect(refused({ args: [""] })).toContain("expected the name of a program");
    expect(refused({ cwd: "rel" })).toContain("Cwd must be an absolute path");
    expect(refused({ env: ["A"] })).toBe('invalid environment variable: "A"');
    expect(refused({ env: ["=A"] })).toBe('invalid environment variable: "=A"');
  });
});

describe("a file", () => {
  test("has what it does not say from config.json, but no environment, groups or terminal", () => {
    const { capabilities, rlimits, noNewPrivileges, oomScoreAdj, execCPUAffinity } = FIRST;
    expect(exec({}, FILE)).toEqual({
      ...FILE,
      user: { uid: 7, gid: 8, umask: 0o77 },
      env: [],
      capabilities,
      rlimits,
      noNewPrivileges,
      oomScoreAdj,
      execCPUAffinity,
    });
  });

  test("what it says counts, and options count more", () => {
    const file: Process = { ...FILE, noNewPrivileges: false, capabilities: {}, terminal: true };
    expect(exec({ user: "9", args: ["y"] }, file)).toMatchObject({
      noNewPrivileges: false,
      capabilities: {},
      terminal: true,
      user: { uid: 9, gid: 8 },
      args: ["y"],
    });
  });
});

test.each([
  ["0", [1, 0, 0, 0, 0, 0, 0, 0]],
  ["1-3,7", [0b1000_1110, 0, 0, 0, 0, 0, 0, 0]],
  ["63", [0, 0, 0, 0, 0, 0, 0, 128]],
  ["64", [0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0]],
])("CPUs %s as a mask", (list, bytes) => {
  expect([...affinityMask(list)]).toEqual(bytes);
});
