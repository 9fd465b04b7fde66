// What a test program of the suite says, in the Test Anything Protocol, as a list of assertions by name.

/** @typedef {"passed" | "failed" | "skipped"} Outcome */

/**
 * @typedef {object} Assertion
 * @property {string} name unique in its program
 * @property {Outcome} outcome
 */

/** Every program makes this one too: it ends by itself, without an error, and has made the assertions it planned. */
export const ENDS = "the program ends without an error";

const LINE = /^(ok|not ok) \d+(?: -)? ?(.*)$/;
const PLAN = /^1\.\.(\d+)$/;
const SKIP = /^# SKIP ?(.*)$/;

/**
 * @param {string} output of the program
 * @param {number | null} status null if it was killed
 * @returns {Assertion[]}
 */
export function parseTap(output, status) {
  const lines = output.split("\n");
  const assertions = lines.flatMap((line) => {
    const [, verdict, text] = line.match(LINE) ?? [];
    return verdict === undefined || text === undefined ? [] : [assertion(verdict, text)];
  });
  const plan = lines.flatMap((line) => line.match(PLAN)?.slice(1) ?? []).map(Number);
  // Programs that only report errors plan no assertion, and write the error as a diagnostic.
  const silent = assertions.length === 0 && output.includes('"error":');
  const complete = plan.length === 1 && plan[0] === assertions.length;
  const ends = status === 0 && (complete || plan.length === 0) && !silent;
  return numbered([...assertions, { name: ENDS, outcome: ends ? "passed" : "failed" }]);
}

/**
 * @param {string} verdict
 * @param {string} text
 * @returns {Assertion}
 */
function assertion(verdict, text) {
  const skipped = text.match(SKIP)?.[1];
  if (skipped !== undefined) return { name: skipped, outcome: "skipped" };
  return { name: text, outcome: verdict === "ok" ? "passed" : "failed" };
}

/**
 * Some names are used more than once: the second is `name (2)`.
 * @param {Assertion[]} assertions
 */
function numbered(assertions) {
  /** @type {Map<string, number>} */
  const seen = new Map();
  return assertions.map(({ name, outcome }) => {
    const count = (seen.get(name) ?? 0) + 1;
    seen.set(name, count);
    return { name: count === 1 ? name : `${name} (${count})`, outcome };
  });
}
