import { describe, expect, test } from "vitest";
import { filterKey } from "../../../src/seccomp/key.ts";
import { loadFlags, notifies, planFilter } from "../../../src/seccomp/plan.ts";
import { parseSpec } from "../../../src/spec/parse.ts";
import type { LinuxSeccomp } from "../../../src/spec/types.ts";

/** As the parser makes it. */
function parsed(seccomp: object): LinuxSeccomp {
  const config = {
    ociVersion: "1.3.0",
    root: { path: "r" },
    linux: { seccomp: { defaultAction: "SCMP_ACT_ERRNO", ...seccomp } },
  };
  return parseSpec(JSON.stringify(config)).spec.linux?.seccomp as LinuxSeccomp;
}

const plan = (seccomp: object) => planFilter(parsed(seccomp));
const call = (name: string, action: string, more: object = {}) => ({ names: [name], action, ...more });

describe("actions", () => {
  // SECCOMP_RET_ of <linux/seccomp.h>
  test.each([
    ["SCMP_ACT_KILL", 0],
    ["SCMP_ACT_KILL_THREAD", 0],
    ["SCMP_ACT_KILL_PROCESS", 0x80000000],
    ["SCMP_ACT_TRAP", 0x00030000],
    ["SCMP_ACT_ERRNO", 0x00050001],
    ["SCMP_ACT_TRACE", 0x7ff00001],
    ["SCMP_ACT_LOG", 0x7ffc0000],
    ["SCMP_ACT_ALLOW", 0x7fff0000],
    ["SCMP_ACT_NOTIFY", 0x7fc00000],
  ])("%s", (action, number) => {
    const { rules } = plan({
      defaultAction: "SCMP_ACT_ERRNO",
      defaultErrnoRet: 99,
      listenerPath: "/s",
      syscalls: [call("read", action)],
    });
    expect(rules.map((rule) => rule.action)).toEqual([number]);
    if (action !== "SCMP_ACT_NOTIFY") expect(plan({ defaultAction: action }).defaultAction).toBe(number);
  });

  test("have the errno that is given, 0 too", () => {
    const syscalls = [0, 38, 4095].map((errnoRet) => call("read", "SCMP_ACT_ERRNO", { errnoRet }));
    const { rules, defaultAction } = plan({ defaultErrnoRet: 7, syscalls });
    expect(rules.map(({ action }) => action)).toEqual([0x50000, 0x50026, 0x50fff]);
    expect(defaultAction).toBe(0x50007);
    const trace = plan({ syscalls: [call("read", "SCMP_ACT_TRACE", { errnoRet: 65535 })] });
    expect(trace.rules[0]?.action).toBe(0x7ff0ffff);
  });
});

describe("rules", () => {
  test("one for each name, with its pointer", () => {
    const { rules } = plan({
      syscalls: [call("a", "SCMP_ACT_LOG"), { names: ["b", "c"], action: "SCMP_ACT_ALLOW" }],
    });
    expect(rules.map(({ name, pointer }) => [name, pointer])).toEqual([
      ["a", "/linux/seccomp/syscalls/0/names/0"],
      ["b", "/linux/seccomp/syscalls/1/names/0"],
      ["c", "/linux/seccomp/syscalls/1/names/1"],
    ]);
  });

  test("not for what is done anyway", () => {
    const { rules } = plan({
      syscalls: [call("a", "SCMP_ACT_ERRNO"), call("b", "SCMP_ACT_ERRNO", { errnoRet: 2 })],
    });
    expect(rules.map(({ name }) => name)).toEqual(["b"]);
    expect(
      plan({ defaultAction: "SCMP_ACT_KILL", syscalls: [call("a", "SCMP_ACT_KILL_THREAD")] }).rules,
    ).toEqual([]);
  });

  test("conditions on different arguments all have to hold", () => {
    const args = [0, 1].map((index) => ({ index, value: 5, op: "SCMP_CMP_EQ" }));
    const { rules } = plan({ syscalls: [call("a", "SCMP_ACT_ALLOW", { args })] });
    expect(rules.map(({ conditions }) => conditions.map(({ index }) => index))).toEqual([[0, 1]]);
  });

  test("where two are on one argument, any of all conditions has to hold", () => {
    const args = [0, 1, 0].map((index, value) => ({ index, value, op: "SCMP_CMP_EQ" }));
    const { rules } = plan({ syscalls: [call("a", "SCMP_ACT_ALLOW", { args })] });
    expect(rules.map(({ conditions }) => conditions.map(({ value }) => value))).toEqual([[0n], [1n], [2n]]);
  });

  test("architectures once", () => {
    const architectures = ["SCMP_ARCH_X32", "SCMP_ARCH_X86_64", "SCMP_ARCH_X32"];
    expect(plan({ architectures }).architectures).toEqual([0x4000003e, 0xc000003e]);
  });
});

test.each([
  ["SCMP_ACT_ERRNO", undefined, true],
  ["SCMP_ACT_ERRNO", 1, true],
  ["SCMP_ACT_ERRNO", 38, false],
  ["SCMP_ACT_KILL", undefined, true],
  ["SCMP_ACT_TRAP", undefined, true],
  ["SCMP_ACT_ALLOW", undefined, false],
  ["SCMP_ACT_LOG", undefined, false],
  ["SCMP_ACT_TRACE", undefined, false],
])(
  "what is newer than the profile fails with ENOSYS where %s (errno %s) is the default: %s",
  (defaultAction, defaultErrnoRet, stub) => {
    expect(plan({ defaultAction, defaultErrnoRet }).stub).toBe(stub);
  },
);

describe("flags", () => {
  const NOTIFY = { listenerPath: "/s", syscalls: [call("read", "SCMP_ACT_NOTIFY")] };
  const flags = (...names: readonly string[]) => names.map((name) => `SECCOMP_FILTER_FLAG_${name}`);

  // <linux/seccomp.h>
  test.each([
    [{}, 4],
    [{ flags: [] }, 0],
    [{ flags: flags("TSYNC") }, 0],
    [{ flags: flags("LOG") }, 2],
    [{ flags: flags("LOG", "SPEC_ALLOW", "TSYNC") }, 6],
    [{ flags: flags("WAIT_KILLABLE_RECV") }, 0],
    [{ ...NOTIFY, flags: flags("WAIT_KILLABLE_RECV") }, 40],
    [NOTIFY, 12],
  ])("%j", (seccomp, bits) => {
    expect(loadFlags(parsed(seccomp))).toBe(bits);
    expect(notifies(parsed(seccomp))).toBe("listenerPath" in seccomp);
  });
});

describe("the key of a filter", () => {
  const arg = (index: number, value: number, more: object = {}) => ({
    index,
    value,
    op: "SCMP_CMP_EQ",
    ...more,
  });
  const withArgs = (...args: readonly object[]) => ({ syscalls: [call("a", "SCMP_ACT_ALLOW", { args })] });
  const named = (...names: readonly string[]) => ({ names, action: "SCMP_ACT_ALLOW" });

  test("is another one for each other filter", () => {
    const different = [
      {},
      { defaultAction: "SCMP_ACT_KILL" },
      { defaultErrnoRet: 1 },
      { defaultErrnoRet: 11 },
      { architectures: ["SCMP_ARCH_X86"] },
      { architectures: ["SCMP_ARCH_X86", "SCMP_ARCH_X32"] },
      { syscalls: [named("a")] },
      { syscalls: [named("a", "b")] },
      { syscalls: [named("a b")] },
      { syscalls: [named("a\n"), named("b")] },
      { syscalls: [named("a"), named("b")] },
      { syscalls: [named("a", "SCMP_ACT_ALLOW", "b")] },
      { syscalls: [named("a", "SCMP_ACT_ALLOW", "undefined", "b")] },
      { syscalls: [call("a", "SCMP_ACT_LOG")] },
      { syscalls: [call("a", "SCMP_ACT_ERRNO", { errnoRet: 2 })] },
      { syscalls: [call("a", "SCMP_ACT_ERRNO")] },
      withArgs(arg(0, 1)),
      withArgs(arg(1, 0)),
      withArgs(arg(0, 11)),
      withArgs(arg(0, 1, { valueTwo: 1 })),
      withArgs(arg(0, 1, { op: "SCMP_CMP_NE" })),
      withArgs(arg(0, 1), arg(0, 2)),
      withArgs(arg(0, 2), arg(0, 1)),
    ];
    const keys = different.map((seccomp) => filterKey(parsed(seccomp)));
    expect(new Set(keys).size).toBe(different.length);
  });

  test("does not depend on what the program does not", () => {
    const key = filterKey(parsed({}));
    expect(filterKey(parsed({ flags: ["SECCOMP_FILTER_FLAG_LOG"], listenerPath: "/x" }))).toBe(key);
  });
});
