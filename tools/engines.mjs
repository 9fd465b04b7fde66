// `npm run test:engines`: what people do with Docker, Podman, containerd and buildah, in the virtual machine, with the
// runtime that each comes with and with runt. The last line is `N passed, M failed`: a case fails that passes with the
// other runtime and not with runt.

import * as fs from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { ROOT } from "./build.mjs";
import { sanitized } from "./engines/sanitize.mjs";
import { matrix, results, table } from "./engines/table.mjs";
import { runtBinary } from "./setup.mjs";
import { checkoutDisk, commandRequest } from "./vm/checkout.mjs";
import { image } from "./vm/image.mjs";
import { live } from "./vm/lives.mjs";
import { checkedDeadline } from "./vm/options.mjs";
import { machinePackages, scratchDirectory } from "./vm/prerequisites.mjs";
import { MachineError } from "./vm/watch.mjs";

const RESULTS = join(ROOT, "docs/engines/results.md");
const FIXTURES = join(ROOT, "test/fixtures/engines");
const USAGE = `npm run test:engines -- [OPTIONS] [ENGINE...] [WORD...]

Runs the cases of each ENGINE, or of all, whose names contain a WORD, or all, and writes them to docs/engines/results.md.

  --configs           instead, write what the engines' config.json are to test/fixtures/engines
  --time              instead, measure \`docker run --rm\` and \`podman run --rm\` with runt, crun and runc
  --suite=NAME        Debian's release: trixie (the default), testing, ...
  --deadline=SECONDS  how long all that may take, without the boot (default 14400)
  --help
`;

const { values, positionals: words } = parseArgs({
  allowPositionals: true,
  options: {
    suite: { type: "string", default: "trixie" },
    configs: { type: "boolean", default: false },
    time: { type: "boolean", default: false },
    deadline: { type: "string", default: "14400" },
    help: { type: "boolean", default: false },
  },
});
if (values.help) {
  process.stdout.write(USAGE);
  process.exit();
}
const deadline = checkedDeadline(values);
machinePackages();
await runtBinary();
// Imported here, since the packages may only just have been installed.
const { build } = await import("esbuild");
// The machine's Node knows no TypeScript.
await build({
  entryPoints: { engines: join(ROOT, "test/engines/main.ts"), cri: join(ROOT, "test/engines/cri/main.ts") },
  outdir: join(ROOT, "dist"),
  outExtension: { ".js": ".mjs" },
  bundle: true,
  packages: "external",
  platform: "node",
  format: "esm",
  logLevel: "warning",
});

const disk = image(values.suite, false);
const directory = scratchDirectory();

const modes = ["configs", "time"].filter((mode) => values[mode]).map((mode) => `--${mode}`);
const request = commandRequest(["node", "dist/engines.mjs", ...modes, ...words]);
const reports = await reportsOf({ image: disk, checkout: checkoutDisk(directory, request) });
const found = reports.flatMap((report) =>
  report.found === undefined ? [] : [/** @type {any} */ (report.found)],
);
if (values.configs) keepConfigs(found);
else if (values.time) printTimes(found);
else conclude();

/** @param {import("./vm/machine.mjs").Disks} disks */
async function reportsOf(disks) {
  try {
    const all = await live(disks, deadline);
    if (all.at(-1)?.status !== 0) process.exitCode = 1;
    return all;
  } catch (error) {
    if (!(error instanceof MachineError)) throw error;
    console.log(error.message);
    process.exitCode = 1;
    return error.reports;
  }
}

/** @param {any[]} configs */
function keepConfigs(configs) {
  fs.mkdirSync(FIXTURES, { recursive: true });
  for (const { fixture, config } of configs) {
    fs.writeFileSync(join(FIXTURES, `${fixture}.json`), sanitized(config));
    console.log(`test/fixtures/engines/${fixture}.json`);
  }
}

/** @param {import("../test/engines/timing.ts").Times[]} measured */
function printTimes(measured) {
  for (const { engine, times } of measured) {
    const cells = Object.values(times).map(([median, first, third]) => `${median} ms (${first} to ${third})`);
    const ratio = (/** @type {string} */ other) =>
      ((times.runt?.[0] ?? 0) / (times[other]?.[0] ?? 0)).toFixed(2);
    console.log(`| ${[engine, ...cells, ratio("crun"), ratio("runc")].join(" | ")} |`);
  }
}

/** Outcomes, versions of engines, and which were run as a whole. */
function conclude() {
  const engines = matrix(found.filter(({ name }) => name !== undefined));
  const versions = new Map(found.filter(({ version }) => version).map((one) => [one.engine, one.version]));
  for (const [engine, rows] of engines) console.log(["", engine, ...table(rows)].join("\n"));
  const date = new Date().toISOString().slice(0, 10);
  const written = [...engines].flatMap(([engine, rows]) => {
    const version = versions.get(engine);
    const whole = found.some((one) => one.engine === engine && one.whole);
    return version === undefined ? [] : [[engine, { version, date, rows, whole }]];
  });
  const before = fs.existsSync(RESULTS) ? fs.readFileSync(RESULTS, "utf8") : "";
  fs.writeFileSync(RESULTS, results(before, new Map(/** @type {any} */ (written))));
  const rows = [...engines.values()].flat();
  const are = (/** @type {string} */ verdict) => rows.filter((row) => row.verdict === verdict);
  for (const { name } of are("wrong")) console.log(`fails with the other runtime too: ${name}`);
  const [passed, failed] = [are("passed").length, are("failed").length + are("wrong").length];
  console.log(`${passed} passed, ${failed} failed`);
  if (failed > 0 || passed === 0) process.exitCode = 1;
}
