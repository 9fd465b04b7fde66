// Capabilities, environment and limits of the container's process, as far as they are decided without a kernel.

import { describe, expect, test } from "vitest";
import {
  type CapabilitySet,
  compileBounding,
  compileCapabilities,
  planCapabilities,
} from "../../src/process/capabilities.ts";
import { environmentValue, homeDirectory, withoutDuplicates } from "../../src/process/environment.ts";
import { compileRlimits, RLIMIT } from "../../src/process/rlimits.ts";
import { type Builder, programBuilder } from "../../src/program/builder.ts";
import { formatProgram } from "../../src/program/listing.ts";
import { CAPABILITIES } from "../../src/spec/capabilities.ts";
import { RLIMIT_TYPES } from "../../src/spec/values.ts";

const ALL = (1n << 41n) - 1n;

function setOf(...names: readonly string[]): CapabilitySet {
  return names.reduce((set, name) => set | (1n << BigInt(CAPABILITIES.get(`CAP_${name}`) ?? 63)), 0n);
}

/** The calls of a program, without where they come from. */
function listing(compile: (b: Builder) => void): readonly string[] {
  const b = programBuilder();
  compile(b);
  return formatProgram(b.program())
    .split("\n")
    .map((line) => line.replace(/^ *[0-9]+ {2}/, "").replace(/ {2,}\/.*$/, ""))
    .filter((line) => line !== "");
}

test("the kernel's numbers of capabilities", () => {
  expect(CAPABILITIES.size).toBe(41);
  expect(setOf("CHOWN", "SYS_ADMIN", "CHECKPOINT_RESTORE")).toBe(1n | (1n << 21n) | (1n << 40n));
});

describe("planCapabilities", () => {
  test("without capabilities there are none", () => {
    const none = { bounding: 0n, effective: 0n, inheritable: 0n, permitted: 0n, ambient: 0n };
    expect(planCapabilities(undefined, ALL)).toEqual({ sets: none, warnings: [] });
    expect(planCapabilities({}, ALL)).toEqual({ sets: none, warnings: [] });
  });

  test("each set gets its own", () => {
    const { sets } = planCapabilities(
      {
        bounding: ["CAP_CHOWN", "CAP_KILL", "CAP_BPF"],
        permitted: ["CAP_CHOWN", "CAP_KILL"],
        effective: ["CAP_CHOWN"],
        inheritable: ["CAP_KILL"],
        ambient: ["CAP_KILL"],
      },
      ALL,
    );
    expect(sets).toEqual({
      bounding: setOf("CHOWN", "KILL", "BPF"),
      permitted: setOf("CHOWN", "KILL"),
      effective: setOf("CHOWN"),
      inheritable: setOf("KILL"),
      ambient: setOf("KILL"),
    });
  });

  test("what the runtime has not got is left out of all sets, with one warning", () => {
    const names = ["CAP_CHOWN", "CAP_SYS_ADMIN"];
    const plan = planCapabilities({ bounding: names, permitted: names, effective: names }, setOf("CHOWN"));
    expect(plan.sets).toMatchObject({
      bounding: setOf("CHOWN"),
      permitted: setOf("CHOWN"),
      effective: setOf("CHOWN"),
    });
    expect(plan.warnings).toEqual([
      { pointer: "/process/capabilities", what: "ignoring unavailable capabilities: CAP_SYS_ADMIN" },
    ]);
  });

  test("what nobody knows is left out; the parser has warned", () => {
    const plan = planCapabilities({ bounding: ["CAP_UNHEARD_OF", "constructor", "CHOWN"] }, ALL);
    expect(plan).toMatchObject({ sets: { bounding: 0n }, warnings: [] });
  });

  test("sets that the kernel would refuse are cut to what it allows: capset(2), capabilities(7)", () => {
    const kill = ["CAP_KILL"];
    expect(planCapabilities({ effective: kill }, ALL).sets.effective).toBe(0n);
    expect(planCapabilities({ ambient: kill, permitted: kill }, ALL).sets.ambient).toBe(0n);
    expect(planCapabilities({ ambient: kill, inheritable: kill, bounding: kill }, ALL).sets.ambient).toBe(0n);
  });

  test("what is not in the bounding set cannot be inherited, even if it is permitted", () => {
    const kill = ["CAP_KILL"];
    expect(planCapabilities({ inheritable: kill, permitted: kill }, ALL).sets.inheritable).toBe(0n);
  });
});

describe("compileBounding", () => {
  test("drops what is there and not wanted", () => {
    const plan = planCapabilities({ bounding: ["CAP_CHOWN"] }, ALL);
    const dropped = listing((b) => compileBounding(b, plan, setOf("CHOWN", "KILL", "PERFMON")));
    // What the caller does not have itself may be dropped as well.
    const others = [...CAPABILITIES.keys()].filter((name) => name !== "CAP_CHOWN");
    expect(dropped).toEqual(others.map((name) => `prctl(PR_CAPBSET_DROP, ${name})`));
  });

  test("drops nothing, for which it would need a privilege, where all is wanted that is there", () => {
    const plan = planCapabilities({ bounding: ["CAP_CHOWN"] }, ALL);
    expect(listing((b) => compileBounding(b, plan, setOf("CHOWN")))).toEqual([]);
    expect(listing((b) => compileBounding(b, plan, 0n))).toEqual([]);
  });

  test("drops capabilities that are newer than this runtime", () => {
    const plan = planCapabilities({ bounding: ["CAP_CHOWN"] }, ALL);
    expect(listing((b) => compileBounding(b, plan, 1n << 63n)).at(-1)).toBe("prctl(PR_CAPBSET_DROP, 63)");
  });
});

test("compileCapabilities: both words of each set, then the ambient set", () => {
  const names = ["CAP_CHOWN", "CAP_CHECKPOINT_RESTORE"];
  const plan = planCapabilities(
    { bounding: names, permitted: names, effective: names, inheritable: names, ambient: names },
    ALL,
  );
  const set = "CHOWN|CHECKPOINT_RESTORE";
  expect(listing((b) => compileCapabilities(b, plan))).toEqual([
    `capset({version: _LINUX_CAPABILITY_VERSION_3, pid: 0}, {effective: ${set}, permitted: ${set}, inheritable: ${set}})`,
    "prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL)",
    "prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_CHOWN)",
    "prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_CHECKPOINT_RESTORE)",
  ]);
});

describe("environment", () => {
  test.each<[env: readonly string[], name: string, value: string | undefined]>([
    [["A=1", "B=2"], "B", "2"],
    [["A=1", "A=2"], "A", "2"],
    [["A="], "A", ""],
    [["A=b=c"], "A", "b=c"],
    [["AB=1"], "A", undefined],
    [[], "A", undefined],
  ])("%j: %s", (env, name, value) => {
    expect(environmentValue(env, name)).toBe(value);
  });

  test.each([
    [
      ["A=1", "B=2"],
      ["A=1", "B=2"],
    ],
    [
      ["A=1", "B=2", "A=3"],
      ["B=2", "A=3"],
    ],
    [["A=1", "A=1", "A=1"], ["A=1"]],
    [
      ["a=1", "A=2"],
      ["a=1", "A=2"],
    ],
    [
      ["__proto__=1", "constructor=2", "__proto__=3"],
      ["constructor=2", "__proto__=3"],
    ],
    [[], []],
  ])("%j without duplicates", (env, unique) => {
    expect(withoutDuplicates(env)).toEqual(unique);
  });
});

describe("homeDirectory", () => {
  const PASSWD =
    "root:x:0:0:root:/root:/bin/sh\nu:x:1000:1000::/home/u:/bin/sh\nagain:x:1000:1000::/no:/bin/sh";
  test.each<[passwd: string, uid: number, home: string]>([
    [PASSWD, 0, "/root"],
    [PASSWD, 1000, "/home/u"],
    [PASSWD, 1, "/"],
    ["", 0, "/"],
    ["u:x:5", 5, "/"],
    ["u:x:5:5::", 5, "/"],
    ["u:x:5:5::/a", 5, "/a"],
    ["u:x:05:5::/a", 5, "/"],
    ["u:x: 5:5::/a", 5, "/"],
    ["u:x:5:5:::\nv:x:5:5::/v:", 5, "/v"],
    ["u:x:4294967294:0::/\xff:/bin/sh\r\n", 4294967294, "/\xff"],
  ])("%j %d", (passwd, uid, home) => {
    expect(homeDirectory(passwd, uid)).toBe(home);
  });
});

describe("rlimits", () => {
  test("every type that the specification knows has a number of its own", () => {
    expect(new Set(RLIMIT_TYPES.map((type) => RLIMIT[type])).size).toBe(RLIMIT_TYPES.length);
  });

  test("are set in their order, whole 64 bits wide", () => {
    const limits = [
      { type: "RLIMIT_CORE", soft: 0n, hard: 0xffffffffffffffffn },
      { type: "RLIMIT_RTTIME", soft: 9007199254740993n, hard: 9007199254740994n },
    ] as const;
    expect(listing((b) => compileRlimits(b, limits))).toEqual([
      "prlimit64(0, RLIMIT_CORE, {soft: 0, hard: RLIM_INFINITY}, null)",
      "prlimit64(0, RLIMIT_RTTIME, {soft: 9007199254740993, hard: 9007199254740994}, null)",
    ]);
  });
});
