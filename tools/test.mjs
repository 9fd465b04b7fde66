// `npm test`: everything that the tests need, then vitest; the last line is `N passed, M failed`.
// Arguments are vitest's: `npm test -- test/container/lifecycle.test.ts`. RUNTIME=runc or crun tests those instead.

import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { ROOT } from "./build.mjs";
import { debianPackages, isRoot, npmPackages, runtBinary, say, staticBusybox } from "./setup.mjs";

const RUNTIME = process.env.RUNTIME ?? "runt";

npmPackages();
if (isRoot) {
  if (RUNTIME === "runt") await runtBinary();
  staticBusybox();
  const peers = { runc: "runc", crun: "crun" };
  const missing = debianPackages({
    ...peers,
    strace: "strace",
    script: "bsdutils",
    cc: "gcc",
    unshare: "util-linux",
    "dbus-daemon": "dbus-daemon",
    python3: "python3",
  });
  const isModule = (name) => spawnSync("/usr/bin/python3", ["-c", `import ${name}`]).status === 0;
  missing.push(...debianPackages({ dbus: "python3-dbus", gi: "python3-gi" }, isModule));
  if (missing.length > 0) say(`tests that need ${missing.join(", ")} will fail`);
} else {
  say("not root: only the tests that need no container run (unit, program)");
}

const directory = mkdtempSync(join(tmpdir(), "runt-report-"));
const report = join(directory, "report.json");
const reporters = ["--reporter=default", "--reporter=json", `--outputFile.json=${report}`];
const vitest = join(ROOT, "node_modules/vitest/vitest.mjs");
const { status } = spawnSync(process.execPath, [vitest, "run", ...reporters, ...process.argv.slice(2)], {
  cwd: ROOT,
  stdio: ["ignore", "inherit", "inherit"],
});
const { passed, failed, skipped } = count(status !== 0);
rmSync(directory, { recursive: true, force: true });

for (const { name, reason } of skipped) console.log(`skipped: ${name}: ${reason}`);
if (skipped.length > 0) console.log(`${skipped.length} skipped`);
if (passed + failed === 0) console.log("no test ran");
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed > 0 || passed === 0 || status !== 0 ? 1 : 0;

/** @param {boolean} unhappy whether vitest itself reports a failure, which may be none of a test */
function count(unhappy) {
  const files = read().testResults;
  const tests = files.flatMap((file) => file.assertionResults.map((test) => ({ ...test, file: file.name })));
  const passed = tests.filter((test) => test.status === "passed").length;
  const failedTests = tests.filter((test) => test.status === "failed").length;
  // A file that can't be loaded, or whose hooks fail, has no failed test.
  const broken = files.filter(
    (file) => file.status === "failed" && !file.assertionResults.some((test) => test.status === "failed"),
  ).length;
  const skipped = tests
    .filter((test) => test.status !== "passed" && test.status !== "failed")
    .map((test) => ({
      name: `${relative(ROOT, test.file)}: ${test.title}`,
      reason: test.meta?.skipped ?? "no reason given",
    }));
  const failed = failedTests + broken;
  return { passed, failed: unhappy ? Math.max(failed, 1) : failed, skipped };
}

function read() {
  try {
    return JSON.parse(readFileSync(report, "utf8"));
  } catch {
    return { testResults: [] };
  }
}
