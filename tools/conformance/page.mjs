// docs/conformance.md, and the same as text for a terminal.

import { PEERS, SUBJECT } from "./verdict.mjs";

const RUNTIMES = [SUBJECT, ...PEERS];
const SHOWN = 4;
const MARKS = { passed: "✓", failed: "✗", skipped: "skipped" };

/**
 * @typedef {object} Versions
 * @property {string} suite
 * @property {Record<string, string>} runtimes
 */

/**
 * @param {import("./verdict.mjs").Verdict} verdict
 * @param {Versions} versions
 */
export function page(verdict, { suite, runtimes }) {
  const list = RUNTIMES.map((name) => `- ${runtimes[name]}`).join("\n");
  return `# Conformance

The validation suite of [opencontainers/runtime-tools](https://github.com/opencontainers/runtime-tools), in the virtual
machine, against three runtimes. This page is written by \`npm run conformance\`, and the reasons on it are from
\`tools/conformance/reasons.json\`. That command fails if runt does not pass what crun or runc do, but for tests that
contradict the specification; if what nobody passes has no reason; and if there is a reason for what is passed.

- opencontainers/runtime-tools ${suite}
${list}

## By test

How many assertions have passed, of those that the program made. That it ends without an error is one of them.

${table(["test", ...RUNTIMES], countsByProgram(verdict.rows))}

## Assertions that fail, and not with all runtimes

${table(["test", "assertion", ...RUNTIMES], differences(verdict.rows))}
${section("What crun or runc pass, and runt does not", behind(verdict))}
## What contradicts the specification, so that runt does not pass

${reasons(verdict, ({ passedBy }) => passedBy !== undefined)}

## What no runtime passes, and why

${reasons(verdict, ({ passedBy }) => passedBy === undefined)}

## What the suite skips itself

${bullets(skipped(verdict.rows))}
`;
}

/** @param {import("./verdict.mjs").Verdict} verdict */
export function summary(verdict) {
  const { rows, behind, unexplained, explained, stale } = verdict;
  const named = (/** @type {import("./verdict.mjs").Row[]} */ list) =>
    byProgram(list).map((line) => `  ${line}`);
  return [
    ...aligned([["test", ...RUNTIMES], ...countsByProgram(rows)]),
    ...heading("crun or runc pass, and runt does not:", named(behind)),
    ...heading("nobody passes, and there is no reason in reasons.json:", named(unexplained)),
    ...heading(
      "there is a reason in reasons.json that does not hold:",
      stale.map((test) => `  ${test}`),
    ),
    `${explained.size} assertions fail for a reason in reasons.json`,
  ].join("\n");
}

/** @param {import("./verdict.mjs").Verdict} verdict */
function behind(verdict) {
  return bullets(byProgram(verdict.behind));
}

/**
 * @param {string} title
 * @param {string} text
 */
function section(title, text) {
  return text === "" ? "" : `\n## ${title}\n\n${text}\n`;
}

/**
 * The assertions of each program: those that were made before one failed may be hundreds.
 * @param {import("./verdict.mjs").Row[]} rows
 */
function byProgram(rows) {
  return [...groups(rows, ({ program }) => program)].map(([program, own]) => {
    const names = own.slice(0, SHOWN).map(({ name }) => name);
    const more = own.length > SHOWN ? [`and ${own.length - SHOWN} more`] : [];
    return `${program}: ${[...names, ...more].join("; ")}`;
  });
}

/**
 * @param {string} title
 * @param {string[]} lines
 */
function heading(title, lines) {
  return lines.length === 0 ? [] : [title, ...lines];
}

/** @param {import("./verdict.mjs").Row[]} rows */
function countsByProgram(rows) {
  return [...groups(rows, ({ program }) => program)].map(([program, own]) => [
    program,
    ...RUNTIMES.map((runtime) => {
      const outcomes = own.map(({ cells }) => cells[runtime]).filter((cell) => cell !== undefined);
      const count = outcomes.filter((cell) => cell === "passed").length;
      return `${count} of ${outcomes.filter((cell) => cell !== "skipped").length}`;
    }),
  ]);
}

/** @param {import("./verdict.mjs").Row[]} rows */
function differences(rows) {
  const different = rows.filter(({ cells }) => {
    const outcomes = RUNTIMES.map((name) => cells[name]);
    return outcomes.includes("failed") && new Set(outcomes).size > 1;
  });
  return different.map(({ program, name, cells }) => [
    program,
    name,
    ...RUNTIMES.map((runtime) => mark(cells[runtime])),
  ]);
}

/** @param {import("./verdict.mjs").Cell} cell */
function mark(cell) {
  return cell === undefined ? "–" : MARKS[cell];
}

/**
 * @param {import("./verdict.mjs").Verdict} verdict
 * @param {(reason: import("./verdict.mjs").Reason) => boolean} isWanted
 */
function reasons({ explained }, isWanted) {
  const wanted = [...explained].filter(([, reason]) => isWanted(reason));
  return [...groups(wanted, ([, { why }]) => why)]
    .map(([why, entries]) => `${why}\n\n${bullets(byProgram(entries.map(([row]) => row)))}`)
    .join("\n\n");
}

/** @param {import("./verdict.mjs").Row[]} rows */
function skipped(rows) {
  const own = rows.filter(({ cells }) => cells[SUBJECT] === "skipped");
  // The same skip is counted by the programs that run all checks.
  const texts = groups(own, ({ name }) => name.replace(/ \(\d+\)$/, ""));
  return [...texts].map(([text, all]) => `${text}: ${new Set(all.map(({ program }) => program)).size} tests`);
}

/**
 * @template T
 * @param {T[]} items
 * @param {(item: T) => string} key
 */
function groups(items, key) {
  /** @type {Map<string, T[]>} */
  const map = new Map();
  for (const item of items) map.set(key(item), [...(map.get(key(item)) ?? []), item]);
  return map;
}

/** @param {string[]} lines */
function bullets(lines) {
  return lines.map((line) => `- ${line}`).join("\n");
}

/**
 * @param {string[]} head
 * @param {string[][]} lines
 */
function table(head, lines) {
  const row = (/** @type {string[]} */ cells) =>
    `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
  return [row(head), `|${"---|".repeat(head.length)}`, ...lines.map(row)].join("\n");
}

/** @param {string[][]} lines */
function aligned(lines) {
  const widths =
    lines[0]?.map((_, column) => Math.max(...lines.map((line) => line[column]?.length ?? 0))) ?? [];
  return lines.map((line) =>
    line
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join("  ")
      .trimEnd(),
  );
}
