// docs/spec-coverage.md is what the record says, the record is of tests that exist, and no field is without one.

import { existsSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { fieldsSet, specificationFields } from "../../../tools/coverage/fields.mjs";
import { PAGE, page, readRecord } from "../../../tools/coverage/page.mjs";

const ROOT = new URL("../../../", import.meta.url);
const record = readRecord();

test("the page is up to date (npm run coverage:spec -- --page)", () => {
  expect(readFileSync(new URL(PAGE, ROOT), "utf8")).toBe(page(record));
});

test("every field of the specification is shown by a test", () => {
  const fields = specificationFields();
  expect(fields.length).toBeGreaterThan(150);
  expect(fields.filter((field) => record[field] === undefined)).toEqual([]);
  expect(Object.keys(record).filter((field) => !fields.includes(field))).toEqual([]);
});

describe("the recorded tests exist", () => {
  const tests = [...new Set(Object.values(record).flatMap((names) => Object.keys(names)))];
  const files = [...new Set(tests.map((name) => name.split(": ", 1)[0] ?? ""))];

  test.each(files)("%s", (file) => {
    expect(existsSync(new URL(file, ROOT))).toBe(true);
    const titles = titlesIn(readFileSync(new URL(file, ROOT), "utf8"));
    const own = tests.filter((name) => name.startsWith(`${file}: `));
    expect(own.filter((name) => !titles.some((title) => title.test(name)))).toEqual([]);
  });
});

/** Whatever a string of the file can be the end of as a title: placeholders of `test.each` stand for anything. */
function titlesIn(source: string): readonly RegExp[] {
  const strings = [...source.matchAll(/"((?:[^"\\\n]|\\.)*)"|`((?:[^`\\]|\\.)*)`/g)].map(
    ([, plain, template]) => plain ?? template ?? "",
  );
  return strings
    .filter((text) => text !== "")
    .map((text) => {
      const literal = text.replaceAll(/\\(.)/g, "$1");
      const parts = literal
        .split(/%[sdijfoO]|\$\{[^}]*\}|\$\w+/)
        .map((part) => part.replaceAll(/[\\^$.*+?()[\]{}|]/g, "\\$&"));
      return new RegExp(`(?:^|: |> )${parts.join(".*")}$`, "s");
    });
}

describe("fields that a document sets", () => {
  test("are those with values that its base does not have", () => {
    const base = { process: { args: ["sh"] }, mounts: [{ destination: "/a", type: "proc" }] };
    const document = {
      ...base,
      mounts: [...base.mounts, { destination: "/b", type: "proc", options: [] }],
      linux: { sysctl: { "kernel.x": "1" }, unknown: 1, resources: { rdma: { card: { hcaHandles: 1 } } } },
    };
    expect(fieldsSet(document, base).toSorted()).toEqual([
      "/linux/resources/rdma/*/hcaHandles",
      "/linux/sysctl/*",
      "/mounts/-/destination",
      "/mounts/-/options",
    ]);
  });
});
