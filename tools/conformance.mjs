// `npm run conformance`: the validation suite of opencontainers/runtime-tools in the virtual machine, against runt, crun
// and runc. Writes docs/conformance.md, and fails where a test passes with crun or runc and not with runt.
// The last line is `N passed, M failed`: assertions of the suite, with runt.

import * as fs from "node:fs";
import { join } from "node:path";
import { ROOT } from "./build.mjs";
import { parseOptions, USAGE } from "./conformance/options.mjs";
import { page, summary } from "./conformance/page.mjs";
import { runPrograms, runtimeVersions } from "./conformance/programs.mjs";
import { buildSuite, SUITE } from "./conformance/suite.mjs";
import { judge, PEERS, SUBJECT } from "./conformance/verdict.mjs";
import { debianPackages, enterPrivateNamespace, npmPackages, runtBinary } from "./setup.mjs";
import { checkoutDisk, commandRequest } from "./vm/checkout.mjs";
import { image } from "./vm/image.mjs";
import { live } from "./vm/lives.mjs";
import { machinePackages, scratchDirectory } from "./vm/prerequisites.mjs";

const LAST = `${SUITE}/results.json`;
const options = parseOptions(process.argv.slice(2));
if (options.help) {
  process.stdout.write(USAGE);
  process.exit();
}
if (options.here) enterPrivateNamespace();
const { suite, results, runtimes } = options.page ? JSON.parse(read(LAST)) : await newRun();
const missing = [SUBJECT, ...PEERS].filter((name) => !runtimes[name]);
if (missing.length > 0) throw new Error(`there is no ${missing.join(", no ")}`);
if (results.length === 0)
  throw new Error(`no program of the suite is called ${options.filters.join(" or ")}`);

const verdict = judge(results, JSON.parse(read("tools/conformance/reasons.json")));
// Here not everything can pass, and a part is not the whole.
if (!options.here && options.filters.length === 0) {
  fs.writeFileSync(join(ROOT, LAST), JSON.stringify({ suite, results, runtimes }));
  fs.writeFileSync(join(ROOT, "docs/conformance.md"), page(verdict, { suite, runtimes }));
}
console.log(summary(verdict));
console.log(`${verdict.passed} passed, ${verdict.failed} failed`);
process.exitCode = verdict.failed > 0 ? 1 : 0;

/**
 * @typedef {object} Run
 * @property {import("./conformance/programs.mjs").ProgramResult[]} results
 * @property {Record<string, string>} runtimes
 */

async function newRun() {
  npmPackages();
  await runtBinary();
  const version = buildSuite();
  return { suite: version, ...(await (options.here ? here() : inMachine())) };
}

/** @returns {Promise<Run>} */
async function here() {
  debianPackages({ crun: "crun", runc: "runc" });
  const runtimes = runtimeVersions();
  /** @type {import("./conformance/programs.mjs").ProgramResult[]} */
  const results = [];
  await runPrograms(options, (result) => results.push(result));
  return { results, runtimes };
}

/** @returns {Promise<Run>} */
async function inMachine() {
  machinePackages();
  const root = image(options.suite, false);
  const request = commandRequest(["node", "tools/conformance/guest.mjs", ...process.argv.slice(2)]);
  const checkout = checkoutDisk(scratchDirectory(), request, ["dist", "tools", "package.json", SUITE]);
  const reports = await live({ image: root, checkout }, options.deadline);
  if (reports.at(-1)?.status !== 0) throw new Error("the suite did not run to its end");
  return {
    results: reports.flatMap(({ conformance }) => conformance ?? []),
    runtimes: Object.assign({}, ...reports.map(({ versions }) => versions)),
  };
}

/** @param {string} path */
function read(path) {
  return fs.readFileSync(join(ROOT, path), "utf8");
}
