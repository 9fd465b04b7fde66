// Writes down which fields of config.json a test sets, for docs/spec-coverage.md, where RUNT_COVERAGE names a file. A test
// that fails shows nothing.

import { appendFileSync } from "node:fs";
import { relative } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, onTestFinished } from "vitest";
import { fieldsSet } from "../tools/coverage/fields.mjs";

const ROOT = fileURLToPath(new URL("..", import.meta.url));

/** @param base the config that tests start from, which shows nothing */
export function recordFields(config: object, base: object): void {
  const file = process.env.RUNT_COVERAGE;
  const { testPath, currentTestName } = expect.getState();
  if (file === undefined || testPath === undefined || currentTestName === undefined) return;
  const test = `${relative(ROOT, testPath)}: ${currentTestName}`;
  const fields = fieldsSet(config, base);
  onTestFinished(({ task }) => {
    if (task.result?.state === "pass") appendFileSync(file, `${JSON.stringify({ test, fields })}\n`);
  });
}
