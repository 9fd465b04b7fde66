// docs/spec-coverage.md: every field of config.json, and the tests that show it, from record.json: what tests have
// written down while they ran.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "../build.mjs";
import { specificationFields } from "./fields.mjs";

export const RECORD = "tools/coverage/record.json";
export const PAGE = "docs/spec-coverage.md";
const SHOWN = 3;
/** How many of the candidates the record keeps for each field. */
const KEPT = 6;

/** @typedef {Record<string, number>} Tests by name, `file: title`: how many fields the test sets */
/** @typedef {Record<string, Tests>} Recording by field */

/** @returns {Recording} */
export function readRecord() {
  return JSON.parse(readFileSync(join(ROOT, RECORD), "utf8"));
}

/**
 * The tests that tell the most about a field: those that are called like it, and set little else.
 * @param {string} field
 * @param {Tests} tests
 */
export function best(field, tests) {
  const words = field
    .split("/")
    .filter((word) => word.length > 1)
    .map((word) => word.toLowerCase());
  /** @param {string} test */
  const mentions = (test) => {
    const text = test.toLowerCase().replaceAll(/[ _]/g, "");
    return words.findLastIndex((word) => text.includes(word)) + 1;
  };
  const isListing = (/** @type {string} */ test) => (test.startsWith("test/program/") ? 1 : 0);
  return Object.entries(tests)
    .sort(
      ([one, onesFields], [other, othersFields]) =>
        isListing(one) - isListing(other) ||
        mentions(other) - mentions(one) ||
        onesFields - othersFields ||
        (one < other ? -1 : 1),
    )
    .slice(0, KEPT);
}

/** @param {Recording} record */
export function page(record) {
  const fields = specificationFields();
  const sections = [...new Set(fields.map(sectionOf))];
  return `# Fields of config.json, and the tests that show them

Every field of config.json that the schema of version 1.3 of the specification has for Linux; \`-\` is any element of an
array, \`*\` any name. Beside it are up to ${SHOWN} tests whose container has the field, with a value that the bundle of
\`runc spec\` does not have: first those that are called like it, and set little else. Tests of \`test/container\` look at
the running container, those of \`test/vm\` do in a virtual machine, and those of \`test/program\` at the program that the
container becomes.

This page is written by \`npm run coverage:spec\`, from what the tests have recorded while they ran: ${fields.length} fields.

${sections
  .map(
    (section) =>
      `## ${section}\n\n${table(
        fields.filter((field) => sectionOf(field) === section),
        record,
      )}`,
  )
  .join("\n\n")}
`;
}

/** @param {string} field */
function sectionOf(field) {
  const [, top = "", next] = field.split("/");
  return top === "linux" && next === "resources"
    ? "linux.resources"
    : field.split("/").length > 2
      ? top
      : "the rest";
}

/**
 * @param {string[]} fields
 * @param {Recording} record
 */
function table(fields, record) {
  const rows = fields.map((field) => `| \`${field}\` | ${tests(field, record[field])} |`);
  return ["| Field | Tests |", "|---|---|", ...rows].join("\n");
}

/**
 * @param {string} field
 * @param {Tests | undefined} recorded
 */
function tests(field, recorded) {
  if (recorded === undefined) return "none";
  return best(field, recorded)
    .slice(0, SHOWN)
    .map(([test]) => test.replaceAll("|", "\\|"))
    .join("<br>");
}
