// From what the machine reports to what people read: verdicts, a table for each engine, and docs/engines/results.md.

/**
 * @typedef {object} Outcome of one case with one runtime
 * @property {string} engine
 * @property {string} name
 * @property {string} runtime
 * @property {boolean} passed
 */

/**
 * @typedef {"passed" | "failed" | "wrong"} Verdict `wrong`: it fails with both, so that it says nothing of runt
 */

/**
 * @typedef {object} Row
 * @property {string} name of the case
 * @property {Record<string, boolean>} passed by the name of the runtime
 * @property {Verdict} verdict
 */

/**
 * @param {Outcome[]} outcomes
 * @returns {Map<string, Row[]>} by engine, in the order in which they came
 */
export function matrix(outcomes) {
  /** @type {Map<string, Row[]>} */
  const engines = new Map();
  for (const { engine, name, runtime, passed } of outcomes) {
    const rows = engines.get(engine) ?? [];
    engines.set(engine, rows);
    let row = rows.find((one) => one.name === name);
    if (row === undefined) {
      row = { name, passed: {}, verdict: "wrong" };
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
function verdict({ passed }) {
  if (passed.runt) return "passed";
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
function cell({ passed, verdict: is }, runtime) {
  if (passed[runtime] === undefined) return "";
  if (passed[runtime]) return "yes";
  return is === "wrong" ? "no (the case is wrong)" : "no";
}

const HEAD = `# What was seen

Written by \`npm run test:engines\`: what people do with an engine, in a virtual machine with Debian's packages, with runt and with the
runtime that the engine comes with. A run of some engines replaces their sections, and one of some cases replaces their lines.
`;

/**
 * @typedef {object} Found with one engine
 * @property {string} version of the engine
 * @property {string} date
 * @property {Row[]} rows
 * @property {boolean} whole all of its cases were run
 */

/**
 * @param {string} before the file as it is
 * @param {Map<string, Found>} found by engine
 * @returns {string} the file with the sections of these engines; lines of a part only where the version is the same
 */
export function results(before, found) {
  /** @type {Map<string, string>} */
  const sections = new Map();
  for (const text of before.split(/^(?=## )/m).slice(1)) sections.set(text.split(/[ ,\n]/)[1] ?? "", text);
  for (const [engine, { version, date, rows, whole }] of found) {
    const start = `## ${engine} ${version}, `;
    const section = sections.get(engine);
    if (whole) sections.set(engine, `${start}${date}\n\n${table(rows).join("\n")}`);
    else if (section?.startsWith(start)) sections.set(engine, withLines(section, table(rows).slice(2)));
  }
  const sorted = [...sections.entries()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, text]) => text);
  return `${[HEAD, ...sorted].map((text) => text.trimEnd()).join("\n\n")}\n`;
}

/**
 * @param {string} section
 * @param {string[]} lines each of which begins with the name of a case
 */
function withLines(section, lines) {
  const all = section.trimEnd().split("\n");
  for (const line of lines) {
    const name = line.slice(0, line.indexOf(" | ") + 3);
    const at = all.findIndex((one) => one.startsWith(name));
    all.splice(at < 0 ? all.length : at, 1, line);
  }
  return all.join("\n");
}
