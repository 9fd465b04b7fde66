// Puts what the runtimes did side by side, and judges runt: by the others, and by the list of reasons.

export const SUBJECT = "runt";
export const PEERS = ["crun", "runc"];

/** @typedef {import("./tap.mjs").Outcome | undefined} Cell undefined: the program did not get that far */

/**
 * @typedef {object} Row one assertion of one program
 * @property {string} program
 * @property {string} name
 * @property {Record<string, Cell>} cells by runtime
 */

/**
 * @typedef {object} Reason why runt does not pass
 * @property {string} why
 * @property {string[]} tests `program`, for all that is not passed there, or `program: name of the assertion`
 * @property {string[]} [passedBy] the runtimes that pass: the test contradicts the specification. Otherwise none does
 */

/**
 * @typedef {object} Verdict
 * @property {Row[]} rows
 * @property {Row[]} behind a peer passes and runt does not, and there is no reason
 * @property {Row[]} unexplained runt does not pass, nor does a peer, and there is no reason
 * @property {Map<Row, Reason>} explained what is not passed, with the reason
 * @property {string[]} stale tests that have a reason which is none, or no more: runt passes, or other peers do
 * @property {number} passed
 * @property {number} failed
 */

/**
 * @param {import("./programs.mjs").ProgramResult[]} results
 * @param {Reason[]} reasons
 * @returns {Verdict}
 */
export function judge(results, reasons) {
  const rows = sideBySide(results);
  const open = rows.filter(({ cells }) => cells[SUBJECT] !== "passed" && !isHarmless(cells));
  /** @type {Map<Row, Reason>} */
  const explained = new Map();
  for (const row of open) {
    const reason = reasons.find((one) => one.tests.some((test) => isAbout(test, row)) && isFor(one, row));
    if (reason !== undefined) explained.set(row, reason);
  }
  const rest = open.filter((row) => !explained.has(row));
  const behind = rest.filter(({ cells }) => PEERS.some((peer) => cells[peer] === "passed"));
  const unexplained = rest.filter((row) => !behind.includes(row));
  const programs = new Set(results.map(({ program }) => program));
  // What was not run is not judged.
  const used = [...explained];
  const stale = reasons.flatMap((reason) =>
    reason.tests
      .filter((test) => programs.has(test.split(":", 1)[0] ?? ""))
      .filter((test) => !used.some(([row, own]) => own === reason && isAbout(test, row))),
  );
  return {
    rows,
    behind,
    unexplained,
    explained,
    stale,
    passed: rows.filter(({ cells }) => cells[SUBJECT] === "passed").length,
    failed: behind.length + unexplained.length + stale.length,
  };
}

/**
 * What runt does not pass without being wrong: the suite itself skips it for everybody who gets there, or it is an
 * assertion that only another runtime has failed.
 * @param {Record<string, Cell>} cells
 */
function isHarmless(cells) {
  const own = cells[SUBJECT];
  if (own === "failed") return false;
  return PEERS.every((peer) => cells[peer] !== "passed");
}

/** @param {import("./programs.mjs").ProgramResult[]} results */
function sideBySide(results) {
  /** @type {Map<string, Row>} */
  const rows = new Map();
  for (const { program, runtime, assertions } of results) {
    for (const { name, outcome } of assertions) {
      const key = `${program}: ${name}`;
      const row = rows.get(key) ?? { program, name, cells: {} };
      row.cells[runtime] = outcome;
      rows.set(key, row);
    }
  }
  return [...rows.values()];
}

/**
 * @param {Reason} reason
 * @param {Row} row that runt does not pass
 */
function isFor({ passedBy = [] }, { cells }) {
  const peers = PEERS.filter((peer) => cells[peer] === "passed");
  return passedBy.length === 0
    ? peers.length === 0
    : peers.length > 0 && peers.every((peer) => passedBy.includes(peer));
}

/**
 * @param {string} test of a reason
 * @param {Row} row
 */
function isAbout(test, { program, name }) {
  return test === program || test === `${program}: ${name}`;
}
