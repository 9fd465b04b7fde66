// From what the machine reports to what people read: verdicts, a table for each engine, and docs/engines/results.md.

/**
 * @typedef {object} Outcome of one case with one runtime
 * @property {string} engine
 * @property {string} name
 * @property {string} runtime
 * @property {boolean} passed
 * @property {string} [pending] why runt may fail it for now
 */

/**
 * @typedef {"passed" | "failed" | "pending" | "wrong"} Verdict `wrong`: it fails with both, so that it says nothing of runt
 */

/**
 * @typedef {object} Row
 * @property {string} name of the case
 * @property {Record<string, boolean>} passed by the name of the runtime
 * @property {Verdict} verdict
 * @property {string} [pending]
 */

/**
 * @param {Outcome[]} outcomes
 * @returns {Map<string, Row[]>} by engine, in the order in which they came
 */
export function matrix(outcomes) {
  /** @type {Map<string, Row[]>} */
  const engines = new Map();
  for (const { engine, name, runtime, passed, pending } of outcomes) {
    const rows = engines.get(engine) ?? [];
    engines.set(engine, rows);
    let row = rows.find((one) => one.name === name);
    if (row === undefined) {
      row = { name, passed: {}, verdict: "wrong", ...(pending === undefined ? {} : { pending }) };
      rows.push(row);
    }
    row.passed[runtime] = passed;
  }
  for (const row of [...engines.values()].flat()) row.verdict = verdict(row);
  return engines;
}

/**
 * @param {Row} row
 * @returns {Verdict}
 */
function verdict({ passed, pending }) {
  if (passed.runt) return "passed";
  if (pending !== undefined) return "pending";
  const others = Object.entries(passed).filter(([runtime]) => runtime !== "runt");
  // What has not been tried with another one counts against runt.
  return others.every(([, theirs]) => theirs) ? "failed" : "wrong";
}

/**
 * @param {Row[]} rows
 * @returns {string[]} lines of Markdown
 */
export function table(rows) {
  const others = [...new Set(rows.flatMap(({ passed }) => Object.keys(passed)))].filter(
    (name) => name !== "runt",
  );
  const runtimes = ["runt", ...others];
  const cells = (row) => runtimes.map((runtime) => cell(row, runtime));
  return [
    `| | ${runtimes.join(" | ")} |`,
    `|---|${runtimes.map(() => "---").join("|")}|`,
    ...rows.map((row) => `| ${row.name.replaceAll("|", "\\|")} | ${cells(row).join(" | ")} |`),
  ];
}

/**
 * @param {Row} row
 * @param {string} runtime
 */
function cell({ passed, verdict: is, pending }, runtime) {
  if (passed[runtime] === undefined) return "";
  if (passed[runtime]) return "yes";
  if (is === "pending" && runtime === "runt") return `not yet: ${pending}`;
  return is === "wrong" ? "no (the case is wrong)" : "no";
}

const HEAD = `# What was seen

Written by \`npm run test:engines\`: what people do with an engine, in a virtual machine with Debian's packages, with runt and with the
runtime that the engine comes with. A run of some engines replaces their sections.
`;

/**
 * @param {string} before the file as it is
 * @param {Map<string, { heading: string, rows: Row[] }>} found by engine
 * @returns {string} the file with the sections of these engines
 */
export function results(before, found) {
  /** @type {Map<string, string>} */
  const sections = new Map();
  for (const text of before.split(/^(?=## )/m).slice(1)) sections.set(text.split(/[ ,\n]/)[1] ?? "", text);
  for (const [engine, { heading, rows }] of found) {
    sections.set(engine, `## ${engine}${heading}\n\n${table(rows).join("\n")}`);
  }
  const sorted = [...sections.entries()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, text]) => text);
  return `${[HEAD, ...sorted].map((text) => text.trimEnd()).join("\n\n")}\n`;
}
