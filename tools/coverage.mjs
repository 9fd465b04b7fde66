// `npm run coverage:spec`: runs tests, which write down what fields of config.json they set, and writes the page of it.

import { spawnSync } from "node:child_process";
import * as fs from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { ROOT } from "./build.mjs";
import { best, PAGE, page, RECORD, readRecord } from "./coverage/page.mjs";

const USAGE = `npm run coverage:spec -- [OPTIONS] [FILTER...]

Runs tests, and adds what they show to ${PAGE}: those that look at containers, or those whose paths contain a FILTER.

  --vm      the tests of the virtual machine, where those run that need what this machine lacks
  --page    only write the page, from what is recorded already
  --anew    forget what was recorded: for the first of several runs
  --help
`;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    vm: { type: "boolean", default: false },
    page: { type: "boolean", default: false },
    anew: { type: "boolean", default: false },
    help: { type: "boolean", default: false },
  },
});
if (values.help) {
  process.stdout.write(USAGE);
  process.exit();
}

const record = values.anew ? {} : readRecord();
if (!values.page) add(recordings());
for (const [field, tests] of Object.entries(record)) record[field] = Object.fromEntries(best(field, tests));
const sorted = Object.fromEntries(Object.entries(record).sort(([one], [other]) => (one < other ? -1 : 1)));
fs.writeFileSync(join(ROOT, RECORD), `${JSON.stringify(sorted, undefined, 2)}\n`);
fs.mkdirSync(join(ROOT, "docs"), { recursive: true });
fs.writeFileSync(join(ROOT, PAGE), page(sorted));
console.log(`${PAGE} is written`);

/** @returns {{ test: string, fields: string[] }[]} */
function recordings() {
  const directory = fs.mkdtempSync(join(tmpdir(), "runt-coverage-"));
  const file = join(directory, "fields");
  try {
    const filters =
      positionals.length > 0 || values.vm ? positionals : ["test/container", "test/program/golden"];
    const { status } = spawnSync(
      process.execPath,
      [join(ROOT, values.vm ? "tools/vm.mjs" : "tools/test.mjs"), ...filters],
      { env: { ...process.env, RUNT_COVERAGE: file }, stdio: "inherit" },
    );
    process.exitCode = status ?? 1;
    const lines = fs.readFileSync(file, "utf8").trimEnd().split("\n");
    return lines.map((line) => JSON.parse(line));
  } finally {
    fs.rmSync(directory, { recursive: true });
  }
}

/** @param {{ test: string, fields: string[] }[]} recordings */
function add(recordings) {
  for (const { test, fields } of recordings) {
    for (const field of fields) {
      record[field] ??= {};
      record[field][test] = fields.length;
    }
  }
}
