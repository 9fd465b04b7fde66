// What `npm run test:engines` makes of outcomes: verdicts, and the page of results.

import { describe, expect, test } from "vitest";
import { matrix, results, table } from "../../../tools/engines/table.mjs";

const outcome = (name: string, runtime: string, passed: boolean, pending?: string) => ({
  engine: "docker",
  name,
  runtime,
  passed,
  ...(pending === undefined ? {} : { pending }),
});

describe("a case", () => {
  test.each([
    ["passes with both", true, true, undefined, "passed"],
    ["fails with runt only", true, false, undefined, "failed"],
    ["fails with runt only, as was expected", true, false, "later", "pending"],
    ["fails with both", false, false, undefined, "wrong"],
    ["passes with runt only", false, true, undefined, "passed"],
    ["passes although it was expected to fail", true, true, "later", "passed"],
  ])("that %s", (_, theirs, ours, pending, verdict) => {
    const rows = matrix([outcome("a", "runc", theirs, pending), outcome("a", "runt", ours, pending)]);
    expect(rows.get("docker")?.map((row) => row.verdict)).toEqual([verdict]);
  });

  test("that was not tried with another runtime counts against runt", () => {
    expect(matrix([outcome("a", "runt", false)]).get("docker")?.[0]?.verdict).toBe("failed");
  });
});

const ROWS = matrix([
  outcome("a|b", "runc", true),
  outcome("a|b", "runt", true),
  outcome("c", "runc", true, "soon"),
  outcome("c", "runt", false, "soon"),
]);

test("a table has a line for each case", () => {
  expect(table(ROWS.get("docker") ?? [])).toEqual([
    "| | runt | runc |",
    "|---|---|---|",
    "| a\\|b | yes | yes |",
    "| c | not yet: soon | yes |",
  ]);
});

test("a run replaces the sections of its engines", () => {
  const found = (heading: string) => new Map([["docker", { heading, rows: ROWS.get("docker") ?? [] }]]);
  const first = results("", found(" 1, today"));
  expect(first).toMatch(/^# What was seen\n[\s\S]*\n\n## docker 1, today\n\n\| \| runt/);
  const podman = new Map([["podman", { heading: "", rows: [] }]]);
  const second = results(first, podman);
  const third = results(second, found(" 2, tomorrow"));
  expect(third.match(/^## .*$/gm)).toEqual(["## docker 2, tomorrow", "## podman"]);
  expect(results(third, found(" 2, tomorrow"))).toBe(third);
});
