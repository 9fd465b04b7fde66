// What `npm run conformance` reads out of the suite's programs, and how it judges.

import { describe, expect, test } from "vitest";
import { ENDS, type ProgramResult, parseTap } from "../../../tools/conformance/tap.mjs";
import { judge, type Reason } from "../../../tools/conformance/verdict.mjs";

describe("the output of a program", () => {
  test("is assertions by name, numbered where a name comes again, and its end", () => {
    const output =
      "TAP version 13\nok 1 - a\nnot ok 2 - b\n  ---\n  ok\n  ...\nok 3 # SKIP c\nok 4 - a\n1..4\n";
    expect(parseTap(output, 0)).toEqual([
      { name: "a", outcome: "passed" },
      { name: "b", outcome: "failed" },
      { name: "c", outcome: "skipped" },
      { name: "a (2)", outcome: "passed" },
      { name: ENDS, outcome: "passed" },
    ]);
  });

  test.each([
    ["it exits with an error", "ok 1 - a\n1..1\n", 1],
    ["it is killed", "ok 1 - a\n1..1\n", null],
    ["it planned more", "ok 1 - a\n1..2\n", 0],
    ["it reports an error and asserts nothing", '  {\n    "error": "x"\n  }\n1..0\n', 0],
  ])("does not end well if %s", (_, output, status) => {
    expect(parseTap(output, status).at(-1)).toEqual({ name: ENDS, outcome: "failed" });
  });
});

describe("runt", () => {
  type Outcome = "passed" | "failed" | "skipped" | undefined;
  const result = (runtime: string, outcome: Outcome): ProgramResult => ({
    program: "p",
    runtime,
    assertions: outcome === undefined ? [] : [{ name: "a", outcome }],
  });
  const verdict = (runt: Outcome, crun: Outcome, runc: Outcome, reasons: readonly Reason[] = []) => {
    const { behind, unexplained, stale, failed } = judge(
      [result("runt", runt), result("crun", crun), result("runc", runc)],
      reasons,
    );
    return { behind: behind.length, unexplained: unexplained.length, stale, failed };
  };
  const good = { behind: 0, unexplained: 0, stale: [], failed: 0 };
  const all: Reason = { why: "x", tests: ["p: a"] };

  test.each<[string, Outcome, Outcome, Outcome]>([
    ["passes alone", "passed", "failed", undefined],
    ["is not wrong where everybody is skipped", "skipped", "skipped", "skipped"],
    ["has nothing to do with what only another fails", undefined, "failed", undefined],
  ])("%s", (_, ...outcomes) => {
    expect(verdict(...outcomes)).toEqual(good);
  });

  test.each<[string, Outcome]>([
    ["fails", "failed"],
    ["skips", "skipped"],
    ["does not get to", undefined],
  ])("is behind if it %s what another passes, whatever the reason for what nobody passes", (_, outcome) => {
    expect(verdict(outcome, "passed", "failed")).toEqual({ ...good, behind: 1, failed: 1 });
    expect(verdict(outcome, "passed", "failed", [all])).toMatchObject({
      behind: 1,
      stale: ["p: a"],
      failed: 2,
    });
  });

  test("has to have a reason for what nobody passes", () => {
    expect(verdict("failed", "failed", undefined)).toEqual({ ...good, unexplained: 1, failed: 1 });
    expect(verdict("failed", "failed", undefined, [all])).toEqual(good);
    expect(verdict("failed", "failed", undefined, [{ why: "x", tests: ["p"] }])).toEqual(good);
  });

  test("may contradict a test that just the named runtimes pass", () => {
    const reason = { ...all, passedBy: ["crun"] };
    expect(verdict("failed", "passed", "failed", [reason])).toEqual(good);
    expect(verdict("failed", "passed", "passed", [reason])).toMatchObject({ behind: 1, stale: ["p: a"] });
    expect(verdict("failed", "failed", "failed", [reason])).toMatchObject({
      unexplained: 1,
      stale: ["p: a"],
    });
  });

  test("has no reason for what it passes, or what is no test; what was not run is not judged", () => {
    expect(verdict("passed", "passed", "passed", [all])).toMatchObject({ stale: ["p: a"], failed: 1 });
    expect(verdict("failed", "failed", "failed", [{ why: "x", tests: ["p: b"] }, all])).toMatchObject({
      stale: ["p: b"],
    });
    expect(verdict("passed", "passed", "passed", [{ why: "x", tests: ["other"] }])).toEqual(good);
  });
});
