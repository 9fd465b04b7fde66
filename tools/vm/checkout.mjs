// The second disk of the machine: what tests need of this checkout, and what they are asked to do. The binaries are
// built here, on the host: the machine has no compiler for them, and little time.

import * as fs from "node:fs";
import { join } from "node:path";
import { ROOT } from "../build.mjs";
import { run } from "../setup.mjs";

/** What the test suites need. */
const TESTS = [
  "dist",
  "docs",
  "node_modules",
  "package.json",
  "package-lock.json",
  "vitest.config.ts",
  "tsconfig.json",
  "src",
  "test",
  "tools",
  "native/target/fault",
  "native/target/systemd",
  // The source code of the binaries as well: it tells that they are current.
  ...fs
    .readdirSync(join(ROOT, "native"))
    .filter((name) => name !== "target")
    .map((name) => join("native", name)),
];
const BINARIES = ["dist/runt", "native/target/fault/runt", "native/target/systemd/driver"];

/**
 * @typedef {object} Request what the machine has to do
 * @property {string[]} filters the test files, as vitest selects them; all if there are none
 * @property {Record<string, string>} env for the tests
 * @property {string} [command] of a shell, instead of tests
 */

/**
 * @param {string[]} words of a command, as they are: the shell finds nothing special in them
 * @returns {Request}
 */
export function commandRequest(words) {
  const quoted = words.map((word) => `'${word.replaceAll("'", "'\\''")}'`);
  return { filters: [], env: {}, command: quoted.join(" ") };
}

/**
 * @param {string} directory is made a file system with the label `checkout`
 * @param {Request | undefined} request
 * @param {string[]} parts of the checkout
 * @returns {string} a raw disk image
 */
export function checkoutDisk(directory, request, parts = TESTS) {
  const tree = join(directory, "checkout");
  fs.mkdirSync(join(tree, ".vm"), { recursive: true });
  if (request !== undefined) fs.writeFileSync(join(tree, ".vm/request.json"), JSON.stringify(request));
  for (const part of parts.filter((path) => fs.existsSync(join(ROOT, path)))) {
    const options = { recursive: true, preserveTimestamps: true, verbatimSymlinks: true };
    fs.cpSync(join(ROOT, part), join(tree, part), options);
  }
  // The file system may keep whole seconds only: what was built is newer than its sources, also then.
  for (const binary of BINARIES.map((path) => join(tree, path)).filter((path) => fs.existsSync(path))) {
    fs.utimesSync(binary, new Date(), new Date());
  }
  const disk = join(directory, "disk");
  const options = ["-q", "-O", "^has_journal", "-E", "nodiscard", "-L", "checkout"];
  run("mkfs.ext4", [...options, "-d", tree, disk, "1G"], { stdio: ["ignore", "ignore", "inherit"] });
  fs.rmSync(tree, { recursive: true });
  return disk;
}
