// The validation suite of opencontainers/runtime-tools: a Go module, pinned by go.mod and go.sum beside this file. It is
// fetched and built when it is needed, below native/target: nothing of it is in the repository.

import { execFileSync } from "node:child_process";
import * as fs from "node:fs";
import { join } from "node:path";
import { ROOT } from "../build.mjs";
import { debianPackages, say, which } from "../setup.mjs";

const MODULE = "github.com/opencontainers/runtime-tools";
const HERE = join(ROOT, "tools/conformance");
// Where the Go project's own archive is unpacked, which PATH need not have.
const UNPACKED = "/usr/local/go/bin/go";
const ROOTFS = "rootfs-amd64.tar.gz";

/** Where the suite is below the checkout, also in the virtual machine: its test programs, and what they look for. */
export const SUITE = "native/target/conformance";
export const PROGRAMS = `${SUITE}/programs`;

/** @returns {string} the version of the suite that was built */
export function buildSuite() {
  const go = goCommand();
  say(`building the validation suite of ${MODULE} in ${SUITE} (go build, from the Go module proxy)`);
  /** @param {string[]} args */
  const call = (...args) =>
    execFileSync(go, args, {
      cwd: HERE,
      encoding: "utf8",
      // Static: they run in containers that have no libraries.
      env: { ...process.env, CGO_ENABLED: "0", GOFLAGS: "-mod=readonly", GOWORK: "off" },
      stdio: ["ignore", "pipe", "inherit"],
    });
  /** @param {string} directory @param {string} packages */
  const build = (directory, packages) =>
    call("build", "-trimpath", "-ldflags=-s -w", `-o=${join(ROOT, directory)}/`, `${MODULE}/${packages}`);

  fs.mkdirSync(join(ROOT, PROGRAMS), { recursive: true });
  build(PROGRAMS, "validation/...");
  build(SUITE, "cmd/runtimetest");
  const [version = "", directory = ""] = call("list", "-m", "-f", "{{.Version}} {{.Dir}}", MODULE)
    .trim()
    .split(" ");
  // Files of Go's cache of modules are read-only, and so would the copy be.
  fs.rmSync(join(ROOT, SUITE, ROOTFS), { force: true });
  fs.copyFileSync(join(directory, ROOTFS), join(ROOT, SUITE, ROOTFS));
  return version;
}

function goCommand() {
  if (fs.existsSync(UNPACKED)) return UNPACKED;
  if (debianPackages({ go: "golang-go" }).length > 0)
    throw new Error("the suite is written in Go: install it");
  return which("go") ?? "go";
}
