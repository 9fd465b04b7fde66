// What the machine tells the host: lines of the log that start with MARK, each with one report. All other lines are for
// people. The machine is trusted: it runs this checkout's tests.

export const MARK = "@runt-vm ";

/** Who runs tests in the machine: each reports once. */
export const ROLES = ["root", "machine", "user"];

/**
 * @typedef {object} Report
 * @property {true} [booted] first of all
 * @property {string} [suite] one of ROLES, with the numbers of its tests
 * @property {number} [passed]
 * @property {number} [failed]
 * @property {string[]} [failures] what has failed
 * @property {Record<string, string>} [versions] of the runtimes that the conformance suite is run against
 * @property {import("../conformance/programs.mjs").ProgramResult} [conformance] of one program of that suite
 * @property {string} [fields] what tests have recorded for docs/spec-coverage.md, as lines
 * @property {unknown} [found] for who gave the machine a command of its own: results of the engines
 * @property {number} [status] last of all: of the command; 0 after tests, whose numbers count
 */

/**
 * @param {string} line
 * @returns {Report | undefined} undefined for a line that is for people
 */
export function parseReport(line) {
  return line.startsWith(MARK) ? JSON.parse(line.slice(MARK.length)) : undefined;
}
