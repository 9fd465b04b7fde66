// The device filter, asked: rules of config.json, a device, an access, and the answer of the program's bytes.

import { describe, expect, test } from "vitest";
import { compileDeviceFilter } from "../../../src/cgroups/devices/filter.ts";
import { orderRules } from "../../../src/cgroups/devices/rules.ts";
import type { LinuxDeviceCgroup } from "../../../src/spec/types.ts";
import { ask, type Question } from "./bpf_machine.ts";

type Rules = readonly LinuxDeviceCgroup[];

/** `c 1:3 rw` */
function question(text: string): Question {
  const [type, numbers, access = ""] = text.split(" ");
  const [major, minor] = (numbers ?? "").split(":").map(Number);
  return { type: type as "b" | "c", major: major ?? 0, minor: minor ?? 0, access };
}

function allowed(rules: Rules, text: string): boolean {
  const program = compileDeviceFilter(rules);
  return program === undefined || ask(program, question(text));
}

const DENY_ALL: LinuxDeviceCgroup = { allow: false, access: "rwm" };
const ALLOW_ALL: LinuxDeviceCgroup = { allow: true, access: "rwm" };

describe("without rules, and with those of runc spec", () => {
  test.each([
    ["c 1:3 rwm", true],
    ["c 1:5 rw", true],
    ["c 1:7 w", true],
    ["c 1:8 r", true],
    ["c 1:9 r", true],
    ["c 5:0 rw", true],
    ["c 5:2 rw", true],
    ["c 10:200 rw", true],
    ["c 136:0 rw", true],
    ["c 136:1048575 rw", true],
    // Made, but not opened.
    ["c 1:1 m", true],
    ["b 8:0 m", true],
    ["b 8:0 rm", false],
    ["c 1:1 r", false],
    ["c 1:1 w", false],
    ["c 1:11 r", false],
    ["b 1:3 r", false],
    ["b 136:0 w", false],
    ["c 137:0 r", false],
    ["c 5:1 r", false],
    ["c 4294967295:4294967295 r", false],
    // access(2) with F_OK asks for nothing.
    ["c 1:1", true],
  ])("%s: %s", (text, expected) => {
    expect(allowed([], text)).toBe(expected);
    expect(allowed([DENY_ALL], text)).toBe(expected);
    expect(allowed([ALLOW_ALL, { allow: false }], text)).toBe(expected);
    expect(allowed([{ allow: false, type: "a", major: -1, minor: -1, access: "rwm" }], text)).toBe(expected);
  });
});

describe("rules", () => {
  const rows: readonly (readonly [rules: Rules, text: string, expected: boolean])[] = [
    [[DENY_ALL, { allow: true, type: "c", major: 10, minor: 229, access: "rw" }], "c 10:229 rw", true],
    [[DENY_ALL, { allow: true, type: "c", major: 10, minor: 229, access: "rw" }], "c 10:229 r", true],
    [[DENY_ALL, { allow: true, type: "c", major: 10, minor: 229, access: "r" }], "c 10:229 rw", false],
    [[DENY_ALL, { allow: true, type: "c", major: 10, minor: 229, access: "rw" }], "b 10:229 r", false],
    [[DENY_ALL, { allow: true, type: "c", major: 10, minor: 229, access: "rw" }], "c 10:228 r", false],
    [[DENY_ALL, { allow: true, type: "a", major: 10, minor: 229, access: "rw" }], "b 10:229 r", true],
    [[DENY_ALL, { allow: true, type: "a", major: 10, minor: 229, access: "rw" }], "b 11:229 r", false],
    [[DENY_ALL, { allow: true, type: "b", major: 8, access: "r" }], "b 8:17 r", true],
    [[DENY_ALL, { allow: true, type: "b", minor: 3, access: "r" }], "b 99:3 r", true],
    [[DENY_ALL, { allow: true, type: "b", minor: 3, access: "r" }], "b 99:4 r", false],
    [[DENY_ALL, { allow: true, type: "b", major: 8, minor: 0 }], "b 8:0 rwm", true],
    [[DENY_ALL, { allow: true, type: "c", major: 4294967295, minor: 0 }], "c 4294967295:0 r", true],
    // Two rules that allow a bit each.
    [
      [
        DENY_ALL,
        { allow: true, type: "b", major: 8, access: "r" },
        { allow: true, type: "b", major: 8, minor: 0, access: "w" },
      ],
      "b 8:0 rw",
      true,
    ],
    // The later one wins, whichever is more special.
    [[{ allow: true, type: "b", major: 8, minor: 0 }, DENY_ALL], "b 8:0 r", false],
    [[DENY_ALL, { allow: true, type: "b" }, { allow: false, type: "b", major: 8 }], "b 8:0 r", false],
    [[DENY_ALL, { allow: true, type: "b" }, { allow: false, type: "b", major: 8 }], "b 9:0 r", true],
    [
      [DENY_ALL, { allow: false, type: "b", major: 8, minor: 0 }, { allow: true, type: "b", major: 8 }],
      "b 8:0 r",
      true,
    ],
    [[ALLOW_ALL, { allow: false, type: "c", major: 1, minor: 1, access: "w" }], "c 1:1 r", true],
    [[ALLOW_ALL, { allow: false, type: "c", major: 1, minor: 1, access: "w" }], "c 1:1 rw", false],
    [[ALLOW_ALL, { allow: false, type: "c", major: 1, minor: 1, access: "w" }], "c 1:2 rw", true],
    [[ALLOW_ALL, { allow: false, access: "w" }], "b 8:0 r", true],
    [[ALLOW_ALL, { allow: false, access: "w" }], "b 8:0 rw", false],
    // What every container needs cannot be denied.
    [[DENY_ALL, { allow: false, type: "c", major: 1, minor: 3 }], "c 1:3 rw", true],
    [[ALLOW_ALL, { allow: false, access: "m" }], "c 1:1 m", true],
  ];
  test.each(rows)("%o, asked for %s: %s", (rules, text, expected) => {
    expect(allowed(rules, text)).toBe(expected);
  });

  test("that allow everything need no program", () => {
    expect(compileDeviceFilter([DENY_ALL, ALLOW_ALL])).toBeUndefined();
    expect(compileDeviceFilter([ALLOW_ALL, { allow: true, type: "c", major: 1 }])).toBeUndefined();
    expect(compileDeviceFilter([ALLOW_ALL, { allow: false, type: "c", major: 1, minor: 3 }])).toBeUndefined();
    expect(compileDeviceFilter([ALLOW_ALL, { allow: false, type: "c", major: 1 }])).toBeDefined();
  });

  test("that can never decide are not in the program", () => {
    const rule = { allow: true, type: "b", major: 8, minor: 0, access: "r" } as const;
    const before: Rules = [{ ...rule, allow: false }, { ...rule, major: 9 }, DENY_ALL, rule, rule];
    expect(orderRules(before)).toEqual(orderRules([rule]));
    expect(compileDeviceFilter([DENY_ALL])).toEqual(compileDeviceFilter([]));
  });
});

test("a random list of rules answers as the rules do, one bit after the other", () => {
  let seed = 20260101;
  const random = (below: number) => {
    seed = (seed * 1103515245 + 12345) % 2147483648;
    return Math.floor((seed / 2147483648) * below);
  };
  const pick = <T>(...values: readonly T[]) => values[random(values.length)] as T;
  const randomRule = (): LinuxDeviceCgroup => ({
    allow: pick(true, false),
    type: pick("a", "b", "c"),
    major: pick(-1, 200, 201),
    minor: pick(-1, 0, 1),
    access: pick("r", "w", "m", "rw", "rwm"),
  });
  /** The meaning of the rules, said once more and as plainly as possible; 200 and 201 are no default devices. */
  const expected = (rules: Rules, { type, major, minor, access }: Question) =>
    [...access].every((letter) => {
      // A default rule, after all others.
      if (letter === "m") return true;
      const last = rules.findLast(
        (rule) =>
          (rule.type === "a" || rule.type === type) &&
          (rule.major === -1 || rule.major === major) &&
          (rule.minor === -1 || rule.minor === minor) &&
          rule.access?.includes(letter),
      );
      return last?.allow ?? false;
    });
  for (let round = 0; round < 400; round += 1) {
    const rules = Array.from({ length: random(7) }, randomRule);
    for (const access of ["r", "w", "m", "rw", "rwm"]) {
      const asked: Question = {
        type: pick("b", "c"),
        major: pick(200, 201, 202),
        minor: pick(0, 1, 2),
        access,
      };
      const text = `${asked.type} ${asked.major}:${asked.minor} ${access}`;
      expect({ rules, text, allowed: allowed(rules, text) }).toEqual({
        rules,
        text,
        allowed: expected(rules, asked),
      });
    }
  }
});
