// What `npm run test:engines` makes of outcomes: verdicts, and the page of results.

import { describe, expect, test } from "vitest";
import { matrix, results, table } from "../../../tools/engines/table.mjs";

const outcome = (name: string, runtime: string, passed: boolean) => ({
  engine: "docker",
  name,
  runtime,
  passed,
});

describe("a case", () => {
  test.each([
    ["passes with both", true, true, "passed"],
    ["fails with runt only", true, false, "failed"],
    ["fails with both", false, false, "wrong"],
    ["passes with runt only", false, true, "passed"],
  ])("that %s", (_, theirs, ours, verdict) => {
    const rows = matrix([outcome("a", "runc", theirs), outcome("a", "runt", ours)]);
    expect(rows.get("docker")?.map((row) => row.verdict)).toEqual([verdict]);
  });

  test("that was not tried with another runtime counts against runt", () => {
    expect(matrix([outcome("a", "runt", false)]).get("docker")?.[0]?.verdict).toBe("failed");
  });
});

const ROWS = matrix([
  outcome("a|b", "runc", true),
  outcome("a|b", "runt", true),
  outcome("c", "runc", true),
  outcome("c", "runt", false),
]);

test("a table has a line for each case", () => {
  expect(table(ROWS.get("docker") ?? [])).toEqual([
    "| | runt | runc |",
    "|---|---|---|",
    "| a\\|b | yes | yes |",
    "| c | no | yes |",
  ]);
});

describe("a run", () => {
  const whole = (version: string, date: string) =>
    new Map([["docker", { version, date, rows: ROWS.get("docker") ?? [], whole: true }]]);
  const first = results("", whole("1", "today"));

  test("of engines replaces their sections", () => {
    expect(first).toMatch(/^# What was seen\n[\s\S]*\n\n## docker 1, today\n\n\| \| runt/);
    const second = results(
      first,
      new Map([["podman", { version: "5", date: "today", rows: [], whole: true }]]),
    );
    const third = results(second, whole("2", "tomorrow"));
    expect(third.match(/^## .*$/gm)).toEqual(["## docker 2, tomorrow", "## podman 5, today"]);
    expect(results(third, whole("2", "tomorrow"))).toBe(third);
  });

  const part = (version: string) => {
    const rows = matrix(
      ["c", "d"].flatMap((name) => [outcome(name, "runc", true), outcome(name, "runt", true)]),
    );
    return new Map([["docker", { version, date: "tomorrow", rows: rows.get("docker") ?? [], whole: false }]]);
  };

  test("of some cases replaces their lines, and adds new ones", () => {
    expect(results(first, part("1"))).toBe(
      first.replace("| c | no | yes |", "| c | yes | yes |\n| d | yes | yes |"),
    );
  });

  test("of some cases of another version, or of an engine that is not there, changes nothing", () => {
    expect(results(first, part("2"))).toBe(first);
    expect(results("", part("1"))).toBe(results("", new Map()));
  });
});
