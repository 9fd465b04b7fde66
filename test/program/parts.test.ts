// Parts that were prepared make the same program as no parts at all: for typical containers and for all others.

import { expect, test, vi } from "vitest";
import { compileTypical } from "../../src/container/typical.ts";
import type { Subject } from "../../src/program/builder.ts";
import { formatProgram } from "../../src/program/listing.ts";
import { addPart, collectParts, KNOWN_PARTS } from "../../src/program/parts.ts";
import { INTERNED_PATHS } from "../../src/spec/linux.ts";
import { INTERNED_MOUNT } from "../../src/spec/mounts.ts";
import { BUNDLES } from "./bundles.ts";

/** As src/main.ts reads what src/collect.ts has written. */
function prepare(): number {
  const rows: (readonly [Subject, string, number, unknown])[] = [];
  compileTypical(
    collectParts((subject, key, code, result) => rows.push([subject, key, code.length, result])),
  );
  const known = new Map<string, Subject>();
  for (const [subject, key, length, result] of rows) {
    const json = JSON.stringify(subject);
    const one = known.get(json) ?? intern(JSON.parse(json));
    known.set(json, one);
    addPart(one, key, { length, image: new Uint8Array(), result });
  }
  return rows.length;
}

function intern(json: never[] | null): Subject {
  if (json === null) return null;
  return Array.isArray(json) ? INTERNED_PATHS.intern(json) : INTERNED_MOUNT.intern(json);
}

const without = Object.entries(BUNDLES).map(([name, compile]) => ({
  name,
  compile,
  listing: formatProgram(compile()),
}));
const count = prepare();
const find = vi.spyOn(KNOWN_PARTS, "find");

test("typical containers have parts", () => {
  expect(count).toBeGreaterThan(50);
});

test.each(without)("$name", ({ compile, listing }) => {
  const program = compile();
  expect(formatProgram(program)).toBe(listing);
  const lengths = program.code.map((one) => (one[0] === "part" ? one[2].length : 1));
  expect(lengths.reduce((sum, length) => sum + length, 0)).toBe(program.flat.length);
});

test("the programs above had parts of every kind", () => {
  const found = find.mock.calls.filter((_, index) => find.mock.results[index]?.value !== undefined);
  const kinds = new Set(found.map(([, key]) => key.split(" ")[0]));
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
