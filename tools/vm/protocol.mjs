// What the machine tells the host: lines of the log that start with MARK, each with one report. All other lines are for
// people. The machine is trusted: it runs this checkout's tests.

export const MARK = "@runt-vm ";

/** Who runs tests in the machine: each reports once. */
export const ROLES = ["root", "user"];

/**
 * @typedef {object} Report
 * @property {true} [booted] first of all
 * @property {string} [suite] one of ROLES, with the numbers of its tests
 * @property {number} [passed]
 * @property {number} [failed]
 * @property {number} [status] last of all: of the command; 0 after tests, whose numbers count
 */

/**
 * @param {string} line
 * @returns {Report | undefined} undefined for a line that is for people
 */
export function parseReport(line) {
  return line.startsWith(MARK) ? JSON.parse(line.slice(MARK.length)) : undefined;
}
