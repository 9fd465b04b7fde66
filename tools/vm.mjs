// `npm run test:vm`: the test suites in a virtual machine that has everything: systemd, all controllers of cgroup v2,
// and Debian's engines. The last line is `N passed, M failed`. `npm run vm:shell` opens a shell there.

import { faultyBinary } from "../test/fault/binary.mjs";
import { driverBinary } from "../test/systemd/binary.mjs";
import { runtBinary } from "./setup.mjs";
import { listFailures } from "./vitest.mjs";
import { checkoutDisk } from "./vm/checkout.mjs";
import { image } from "./vm/image.mjs";
import { live } from "./vm/lives.mjs";
import { parseOptions, USAGE } from "./vm/options.mjs";
import { machinePackages, scratchDirectory } from "./vm/prerequisites.mjs";
import { ROLES } from "./vm/protocol.mjs";
import { shell } from "./vm/shell.mjs";
import { MachineError } from "./vm/watch.mjs";

const options = parseOptions(process.argv.slice(2));
if (options.help) {
  process.stdout.write(USAGE);
  process.exit();
}
machinePackages();
await runtBinary();
await faultyBinary();
await driverBinary();

const root = image(options.suite, options.rebuild);
const directory = scratchDirectory();

const checkout = checkoutDisk(directory, options.shell ? undefined : request());
const disks = { image: root, checkout };
if (options.shell) await shell(disks);
else conclude(await reportsOf(disks));

/** @returns {import("./vm/checkout.mjs").Request} */
function request() {
  const { RUNTIME, RUNT_COVERAGE } = process.env;
  const env = {
    ...(RUNTIME !== undefined && { RUNTIME }),
    ...(RUNT_COVERAGE !== undefined && { RUNT_COVERAGE: "/var/tmp/runt-coverage" }),
  };
  const { filters, command } = options;
  return { filters, env, ...(command === undefined ? {} : { command }) };
}

/** @param {import("./vm/machine.mjs").Disks} disks */
async function reportsOf(disks) {
  try {
    return await live(disks, options.deadline);
  } catch (error) {
    if (!(error instanceof MachineError)) throw error;
    console.log(error.message);
    return error.reports;
  }
}

/** @param {import("./vm/protocol.mjs").Report[]} reports of a machine that has failed, if the last has no status */
function conclude(reports) {
  const status = reports.at(-1)?.status ?? 1;
  if (options.command !== undefined) {
    process.exitCode = status;
    return;
  }
  const silent = ROLES.filter((role) => !reports.some(({ suite }) => suite === role));
  for (const role of silent) console.log(`the tests of ${role} have not reported`);
  const { RUNT_COVERAGE } = process.env;
  for (const { fields = "" } of reports) {
    if (RUNT_COVERAGE !== undefined) fs.appendFileSync(RUNT_COVERAGE, fields);
  }
  listFailures(reports.flatMap(({ failures = [] }) => failures));
  const sum = (key) => reports.reduce((total, report) => total + (report[key] ?? 0), 0);
  const [passed, failed] = [sum("passed"), sum("failed") + silent.length];
  if (passed + failed === 0) console.log("no test ran");
  console.log(`${passed} passed, ${failed} failed`);
  process.exitCode = failed > 0 || passed === 0 || status !== 0 ? 1 : 0;
}
