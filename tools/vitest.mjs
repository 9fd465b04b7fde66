// Runs vitest and counts what it reports.

import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { ROOT } from "./build.mjs";

/**
 * @typedef {object} Counts
 * @property {number} passed
 * @property {number} failed also files that can't be loaded; at least 1 if vitest itself is unhappy
 * @property {{ name: string, reason?: string }[]} skipped
 * @property {string[]} failures which tests failed, and with which message
 */

/**
 * @param {string[]} args of vitest
 * @param {string} [reporter] for people
 * @returns {Counts}
 */
export function runVitest(args, reporter = "default") {
  const directory = mkdtempSync(join(tmpdir(), "runt-report-"));
  const report = join(directory, "report.json");
  const reporters = [`--reporter=${reporter}`, "--reporter=json", `--outputFile.json=${report}`];
  const vitest = join(ROOT, "node_modules/vitest/vitest.mjs");
  const { status } = spawnSync(process.execPath, [vitest, "run", ...reporters, ...args], {
    cwd: ROOT,
    stdio: ["ignore", "inherit", "inherit"],
  });
  const counts = count(read(report), status !== 0);
  rmSync(directory, { recursive: true, force: true });
  return counts;
}

/**
 * Prints what was skipped, and why.
 * @param {Counts} counts
 */
export function explain({ skipped }) {
  for (const { name, reason } of skipped) console.log(`skipped: ${name}: ${reason ?? "no reason given"}`);
  if (skipped.length > 0) console.log(`${skipped.length} skipped`);
}

/**
 * Prints what failed, and why: at the end, where a log that is cut still has it.
 * @param {string[]} failures
 */
export function listFailures(failures) {
  for (const failure of failures) console.log(`failed: ${failure}`);
}

/** Of a message, in one line. */
const LONGEST = 600;

/** @param {any} test */
function failureOf({ file, fullName, failureMessages }) {
  const message = failureMessages.join(" ").replaceAll(/\s+/g, " ").slice(0, LONGEST);
  return `${relative(ROOT, file)}: ${fullName}: ${message}`;
}

/**
 * @param {any[]} files
 * @param {boolean} unhappy whether vitest itself reports a failure, which may be none of a test
 * @returns {Counts}
 */
function count(files, unhappy) {
  const tests = files.flatMap((file) => file.assertionResults.map((test) => ({ ...test, file: file.name })));
  const passed = tests.filter((test) => test.status === "passed").length;
  const failedTests = tests.filter((test) => test.status === "failed");
  // A file that can't be loaded, or whose hooks fail, has no failed test.
  const broken = files.filter(
    (file) => file.status === "failed" && !file.assertionResults.some((test) => test.status === "failed"),
  );
  const skipped = tests
    .filter((test) => test.status !== "passed" && test.status !== "failed")
    .map((test) => ({ name: `${relative(ROOT, test.file)}: ${test.title}`, reason: test.meta?.skipped }));
  const failures = [
    ...failedTests.map(failureOf),
    ...broken.map(({ name, message }) => failureOf({ file: name, fullName: "", failureMessages: [message] })),
  ];
  const failed = failures.length;
  return { passed, failed: unhappy ? Math.max(failed, 1) : failed, skipped, failures };
}

/** @param {string} report */
function read(report) {
  try {
    return JSON.parse(readFileSync(report, "utf8")).testResults;
  } catch {
    return [];
  }
}
