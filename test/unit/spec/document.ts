// config.json for tests: a whole valid document in which single fields are replaced, by pointer, with JSON text. Text
// and not values, since what a test is about may be how a number or a string is written.

import { expect, test } from "vitest";
import { type ErrorRecord, RuntError } from "../../../src/error.ts";
import { parseSpec } from "../../../src/spec/parse.ts";

/** It has every namespace, so that every field may be there. */
const VALID = {
  ociVersion: "1.3.0",
  root: { path: "rootfs" },
  process: { user: { uid: 0, gid: 0 }, cwd: "/", args: ["sh"] },
  linux: {
    namespaces: ["pid", "network", "mount", "ipc", "uts", "user", "cgroup", "time"].map((type) => ({ type })),
    uidMappings: [{ containerID: 0, hostID: 1000, size: 10 }],
    gidMappings: [{ containerID: 0, hostID: 1000, size: 10 }],
  },
};

/** JSON by pointer; undefined removes the field. */
export type Changes = Readonly<Record<string, string | undefined>>;

type Tree = { [key: string]: unknown };

/** The text of a valid config.json with these changes, as a byte string. */
export function document(changes: Changes): string {
  const tree: Tree = structuredClone(VALID);
  const pointers = Object.keys(changes);
  pointers.forEach((pointer, index) => {
    set(tree, pointer, changes[pointer] === undefined ? undefined : `@${index}@`);
  });
  return JSON.stringify(tree).replace(
    /"@([0-9]+)@"/g,
    (_, index) => changes[pointers[Number(index)] ?? ""] ?? "",
  );
}

/** Makes the objects and arrays on the way. */
function set(tree: Tree, pointer: string, value: unknown): void {
  const path = segments(pointer);
  const last = path.pop() ?? "";
  let parent = tree;
  path.forEach((segment, index) => {
    parent[segment] ??= /^[0-9]+$/.test(path[index + 1] ?? last) ? [] : {};
    parent = parent[segment] as Tree;
  });
  if (value === undefined) delete parent[last];
  else parent[last] = value;
}

function segments(pointer: string): string[] {
  const names = pointer.split("/").slice(1);
  return names.map((name) => name.replaceAll("~1", "/").replaceAll("~0", "~"));
}

/** What is at `pointer` in the parsed document. */
export function parsed(changes: Changes, pointer: string): unknown {
  let value: unknown = parseSpec(document(changes)).spec;
  for (const segment of segments(pointer)) value = (value as Tree | undefined)?.[segment];
  return value;
}

export function errorOf(parse: () => unknown): ErrorRecord {
  try {
    parse();
  } catch (error) {
    if (error instanceof RuntError) return error.record;
    throw error;
  }
  throw new Error("accepted");
}

/** A rejected change, the complaint, and the field it is about where that is another. */
export type Rejection = readonly [pointer: string, json: string | undefined, what: string, at?: string];

function expectRejection([pointer, json, what, at = pointer]: Rejection): void {
  const record = errorOf(() => parseSpec(document({ [pointer]: json })));
  expect({ pointer: record.pointer, what: record.what }).toEqual({ pointer: at, what });
}

/** An accepted change, and what it is read as: the same, unless another value is given. */
export type Acceptance = readonly [pointer: string, json: string, value?: unknown];

function expectAcceptance([pointer, json, ...value]: Acceptance): void {
  const expected = value.length > 0 ? value[0] : JSON.parse(json);
  expect(parsed({ [pointer]: json }, pointer)).toEqual(expected);
}

/** One test for each row. */
export function testRejected(rows: readonly Rejection[]): void {
  for (const row of rows) test(`${row[0]} ${shortened(row[1])}`, () => expectRejection(row));
}

export function testAccepted(rows: readonly Acceptance[]): void {
  for (const row of rows) test(`${row[0]} ${shortened(row[1])}`, () => expectAcceptance(row));
}

const shortened = (json: string | undefined) => (json ?? "missing").slice(0, 100);
