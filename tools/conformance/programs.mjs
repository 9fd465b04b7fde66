// Runs the suite's test programs against one runtime after the other, here or in the virtual machine. Each program has
// a mount namespace of its own, and there a /run and a directory for bundles: what it leaves is seen by no other.

import { execFile, spawnSync } from "node:child_process";
import * as fs from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { basename, join } from "node:path";
import { ROOT } from "../build.mjs";
import { PROGRAMS, SUITE } from "./suite.mjs";
import { parseTap } from "./tap.mjs";

// Far more than any program takes, also where processors are emulated: one that hangs is killed, and has failed.
const DEADLINE_SECONDS = 300;
const RUNTIMES = [join(ROOT, "dist/runt"), "crun", "runc"];

// Containers without a mount namespace may mount over everything here, so that /run is hidden first. What the program
// has left is deleted while the runtime can still find it.
const ALONE = `
mount -t tmpfs tmpfs /run || exit
timeout --signal=KILL ${DEADLINE_SECONDS} "$1"
status=$?
for id in $("$RUNTIME" list -q); do "$RUNTIME" delete --force "$id"; done >&2
exit $status`;

/**
 * @typedef {object} ProgramResult
 * @property {string} program
 * @property {string} runtime its name
 * @property {import("./tap.mjs").Assertion[]} assertions
 */

/** @returns {Record<string, string>} the first line of what each runtime says of its version, by name */
export function runtimeVersions() {
  const version = (command) => spawnSync(command, ["--version"], { encoding: "utf8" }).stdout ?? "";
  return Object.fromEntries(
    RUNTIMES.map((command) => [basename(command), version(command).split("\n")[0] ?? ""]),
  );
}

/** Programs that put their containers into one and the same cgroup: one after the other. */
const SHARE_CGROUP = /cgroups|^delete_resources$/;
/** A hook and the container's program both write at once, and the hook has to be the later one: nothing else may run. */
const RACE = ["poststart"];

/**
 * As many programs at once as there are processors, but never one program twice.
 * @param {{ filters: string[], verbose: boolean }} options parts of the names of programs: all if there are none
 * @param {(result: ProgramResult) => void} report called after each program
 */
export async function runPrograms({ filters, verbose }, report) {
  const all = fs.readdirSync(join(ROOT, PROGRAMS)).sort();
  const wanted = all.filter((name) => filters.length === 0 || filters.some((part) => name.includes(part)));
  /** @param {string[]} programs one after the other */
  const inTurn = async (programs) => {
    for (const program of programs) {
      for (const runtime of RUNTIMES) {
        console.log(`${program}, ${basename(runtime)}`);
        report(await runProgram(program, runtime, verbose));
      }
    }
  };
  const sharing = wanted.filter((name) => SHARE_CGROUP.test(name));
  const racing = wanted.filter((name) => RACE.includes(name));
  const others = wanted.filter((name) => !sharing.includes(name) && !racing.includes(name));
  const jobs = [sharing, ...others.map((name) => [name])];
  const worker = async () => {
    for (let job = jobs.shift(); job !== undefined; job = jobs.shift()) await inTurn(job);
  };
  await Promise.all(Array.from({ length: availableParallelism() }, worker));
  await inTurn(racing);
}

/**
 * @param {string} program
 * @param {string} runtime
 * @param {boolean} verbose
 * @returns {Promise<ProgramResult>}
 */
async function runProgram(program, runtime, verbose) {
  const bundles = fs.mkdtempSync(join(process.env.TMPDIR ?? tmpdir(), "conformance-"));
  const args = ["--mount", "--propagation=private", "sh", "-c", ALONE, "sh", join(ROOT, PROGRAMS, program)];
  const { status, stdout, stderr } = await outcome("unshare", args, {
    cwd: join(ROOT, SUITE),
    env: { ...process.env, RUNTIME: runtime, TMPDIR: bundles },
    maxBuffer: 16 << 20,
  });
  fs.rmSync(bundles, { recursive: true, force: true });
  if (verbose) console.log(`${stdout}${stderr}`);
  return { program, runtime: basename(runtime), assertions: parseTap(stdout, status) };
}

/**
 * @param {string} command
 * @param {string[]} args
 * @param {import("node:child_process").ExecFileOptions} options
 * @returns {Promise<{ status: number, stdout: string, stderr: string }>}
 */
function outcome(command, args, options) {
  return new Promise((resolve) => {
    const child = execFile(command, args, { ...options, encoding: "utf8" }, (error, stdout, stderr) => {
      // A program that was killed, or has written too much, has no status.
      resolve({ status: error === null ? 0 : (child.exitCode ?? 1), stdout, stderr });
    });
    child.stdin?.end();
  });
}
