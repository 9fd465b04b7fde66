// Documents as engines write them: all of them are read, and nothing in them is lost.

import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { parseSpec } from "../../../src/spec/parse.ts";

const FIXTURES = new URL("../../fixtures/", import.meta.url);

/** As the host reads files: one character for each byte. */
const read = (name: string) => readFileSync(new URL(name, FIXTURES), "latin1");

const NAMES = readdirSync(FIXTURES, { recursive: true, encoding: "utf8" }).filter(
  (name) => name.endsWith(".json") && !name.startsWith("schema/"),
);

describe.each(NAMES)("%s", (name) => {
  test("is accepted", () => {
    expect(() => parseSpec(read(name))).not.toThrow();
  });

  test("keeps everything that it says", () => {
    const { spec } = parseSpec(read(name));
    const written = JSON.parse(read(name));
    const readBack = JSON.parse(
      JSON.stringify(spec, (_, value: unknown) => (typeof value === "bigint" ? Number(value) : value)),
    );
    for (const field of ["mounts", "annotations", "hostname", "root"])
      expect(readBack[field]).toEqual(written[field]);
    for (const field of ["args", "env", "user", "capabilities", "rlimits"]) {
      expect(readBack.process[field]).toEqual(written.process[field]);
    }
    for (const field of [
      "namespaces",
      "maskedPaths",
      "readonlyPaths",
      "uidMappings",
      "cgroupsPath",
      "sysctl",
    ]) {
      expect(readBack.linux[field]).toEqual(written.linux[field]);
    }
  });
});

test("only a user namespace that is joined with mappings is worth a warning", () => {
  const warned = NAMES.filter((name) => parseSpec(read(name)).warnings.length > 0);
  expect(warned).toEqual(["kubernetes.json"]);
});

test("Docker's way to say that there is no limit", () => {
  const { resources } = parseSpec(read("docker.json")).spec.linux ?? {};
  expect(resources?.memory?.swappiness).toBe(undefined);
  expect(resources?.cpu?.cpus).toBe(undefined);
  expect(resources?.blockIO).toEqual({ weight: 0 });
  expect(parseSpec(read("docker.json")).spec.process?.rlimits?.[1]?.hard).toBe(0xffffffffffffffffn);
});
