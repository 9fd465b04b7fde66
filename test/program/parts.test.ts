// Parts that were prepared make the same program as no parts at all: for typical containers and for all others.

import { expect, test, vi } from "vitest";
import { addParts, type PartRow } from "../../src/container/prepared_parts.ts";
import { compileTypical, compileTypicalOne } from "../../src/container/typical.ts";
import { formatProgram } from "../../src/program/listing.ts";
import { collectParts, KNOWN_PARTS } from "../../src/program/parts.ts";
import type { Json } from "../../src/spec/json.ts";
import { BUNDLES } from "./bundles.ts";

/** As src/main.ts reads what src/collect.ts has written. */
function prepare(): number {
  const rows: PartRow[] = [];
  compileTypical(
    collectParts((subject, key, code, result) =>
      rows.push({ ...key, subject: subject as Json, length: code.length, size: 0, result }),
    ),
  );
  addParts(JSON.parse(JSON.stringify(rows)), new Uint8Array());
  return rows.length;
}

const without = Object.entries(BUNDLES).map(([name, compile]) => ({
  name,
  compile,
  listing: formatProgram(compile()),
}));
const count = prepare();
const find = vi.spyOn(KNOWN_PARTS, "find");

test("typical containers have parts", () => {
  expect(count).toBeGreaterThan(40);
});

test.each(without)("$name", ({ compile, listing }) => {
  const program = compile();
  expect(formatProgram(program)).toBe(listing);
  const lengths = program.code.map((one) => (one[0] === "part" ? one[2].length : 1));
  expect(lengths.reduce((sum, length) => sum + length, 0)).toBe(program.flat.length);
});

test("a typical one is made of them, and is as it would be without", () => {
  const program = compileTypicalOne(KNOWN_PARTS);
  expect(program.code.filter(([op]) => op === "part").length).toBeGreaterThan(15);
  expect(formatProgram(program)).toBe(formatProgram(compileTypicalOne({ find: () => undefined })));
});

test("the programs above had parts of every kind", () => {
  const found = find.mock.calls.filter((_, index) => find.mock.results[index]?.value !== undefined);
  const kinds = new Set(found.map(([name]) => name));
  expect([...kinds].sort()).toEqual([
    "bounding",
    "cwd",
    "devices",
    "loopback",
    "mask",
    "masked",
    "mount",
    "passwd",
    "pivot",
    "readonly",
    "stdio",
  ]);
});
