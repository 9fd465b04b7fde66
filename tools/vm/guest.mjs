// Runs in the virtual machine, as the unit runt-guest.service: does what the request says and reports to the host, over
// the log, in lines that start with a mark. Tests of test/vm/user run as the ordinary user, all others as root: two files at once
// where the tests look at containers only, and one after the other where they look at the machine.

import { spawnSync } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { MARK, ROLES } from "./protocol.mjs";

const CHECKOUT = "/checkout";
const SELF = fileURLToPath(import.meta.url);
const [role] = process.argv.slice(2);

/** @type {import("./checkout.mjs").Request} */
const request = JSON.parse(readFileSync(`${CHECKOUT}/.vm/request.json`, "utf8"));

if (role === undefined) everything();
else await suite(role);

function everything() {
  report({ booted: true });
  if (request.command !== undefined) {
    report({ status: run("sh", ["-c", request.command]) });
    return;
  }
  // Where vitest writes its configuration; the user owns nothing here.
  mkdirSync(`${CHECKOUT}/node_modules/.vite-temp`, { recursive: true });
  chmodSync(`${CHECKOUT}/node_modules/.vite-temp`, 0o1777);
  run(process.execPath, [SELF, "root"]);
  run(process.execPath, [SELF, "machine"]);
  // In the user's session: with its bus, and in a cgroup that is delegated to it.
  const session = ["--user", "--machine=tester@.host", "--quiet", "--pipe", "--wait", "--collect"];
  run("systemd-run", [...session, "--property=Delegate=yes", process.execPath, SELF, "user"]);
  report({ status: 0 });
}

/**
 * @param {string} command
 * @param {string[]} args
 */
function run(command, args) {
  const { status, error } = spawnSync(command, args, {
    cwd: CHECKOUT,
    stdio: ["ignore", "inherit", "inherit"],
  });
  if (error !== undefined) console.log(error.message);
  return status ?? 1;
}

/** @param {string} as one of ROLES */
async function suite(as) {
  if (!ROLES.includes(as)) throw new Error(`nobody is called ${as}`);
  process.chdir(CHECKOUT);
  // Root filesystems are on a disk, as those of engines are: /tmp is mounted `nosuid` and `nodev`.
  Object.assign(process.env, { TMPDIR: "/var/tmp", RUNT_VM: as }, request.env);
  // Emulated processors take long to load a file: a process loads what its test files share once.
  const { runVitest, explain } = await import("../vitest.mjs");
  const workers = as === "root" ? 2 : 1;
  const once = ["--no-isolate", "--pool=forks", `--maxWorkers=${workers}`, "--passWithNoTests"];
  // Each test is printed when it ends: a file may take minutes.
  const result = runVitest([...once, ...request.filters], "verbose");
  const { RUNT_COVERAGE } = process.env;
  if (RUNT_COVERAGE !== undefined && existsSync(RUNT_COVERAGE)) {
    report({ fields: readFileSync(RUNT_COVERAGE, "utf8") });
    rmSync(RUNT_COVERAGE);
  }
  const failures = [...result.failures, ...unexplained(result)];
  explain(result);
  report({ suite: as, passed: result.passed, failed: Math.max(result.failed, failures.length), failures });
}

/**
 * Everything is here, so that nothing is skipped but what the runtime under test is known not to do.
 * @param {import("../vitest.mjs").Counts} counts
 */
function unexplained({ skipped }) {
  const wrong = skipped.filter(({ reason }) => reason === undefined);
  return wrong.map(({ name }) => `${name}: nothing may be skipped here`);
}

/** @param {import("./protocol.mjs").Report} said */
function report(said) {
  console.log(`${MARK}${JSON.stringify(said)}`);
}
