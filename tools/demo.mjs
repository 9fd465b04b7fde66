// `npm run demo`: builds runt, and shows it: a container that looks at itself, the life of another one by hand, and
// the program that a container is. Everything is in a temporary directory, which is removed.

import { spawnSync } from "node:child_process";
import * as fs from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { busyboxRootfs, isRoot, npmPackages, run, runtBinary, say } from "./setup.mjs";

const LOOK = `#!/bin/sh
heading() { printf '\\n-- %s\\n' "$1"; }
heading 'processes'; ps -o pid,user,args
heading 'host name'; hostname
heading 'mounts'; mount | cut -c1-100
heading 'capabilities'; grep -E '^(Cap|NoNewPrivs)' /proc/self/status
heading 'cgroup'; cat /proc/self/cgroup | grep ^0::
heading 'network interfaces'; ip -brief address 2> /dev/null || ip -o address | cut -c1-60
heading 'users'; id
`;
const SERVE = `#!/bin/sh
trap 'echo "[container] got SIGTERM, bye"; exit 0' TERM
echo "[container] I am running, as process $$" | tee /dev/shm/running
while :; do sleep 0.1; done`;
const EXPLAINED_LINES = 20;
const DEADLINE_MS = 10_000;

say("this demo installs nothing that is there already, and says what it installs");
npmPackages();
say("building dist/runt, if it is not current");
const runt = await runtBinary();

const directory = fs.mkdtempSync(join(tmpdir(), "runt-demo-"));
// Ctrl-C goes to the container, too; what it leaves is removed all the same.
process.on("SIGINT", () => {});
try {
  makeBundle();
  if (isRoot) {
    lookInside();
    liveByHand();
  } else {
    say("containers need root: run this as root to see them; explaining one needs nothing");
  }
  explain();
} finally {
  if (isRoot) call("delete", "--force", "demo");
  fs.rmSync(directory, { recursive: true, force: true });
}

/** A bundle is a root filesystem and a config.json: what `runt spec` writes, for no terminal. */
function makeBundle() {
  say(`making a bundle in ${directory}: config.json from \`runt spec\`, and a root filesystem of busybox`);
  const rootfs = join(directory, "rootfs");
  busyboxRootfs(rootfs);
  fs.writeFileSync(join(rootfs, "bin/look"), LOOK, { mode: 0o755 });
  fs.writeFileSync(join(rootfs, "bin/serve"), SERVE, { mode: 0o755 });
  run(runt, ["spec"], { cwd: directory });
  configure((config) => {
    config.process.terminal = false;
    config.hostname = "demo";
    delete config.linux.resources;
  });
}

/** @param {(config: any) => void} edit */
function configure(edit) {
  const path = join(directory, "config.json");
  const config = JSON.parse(fs.readFileSync(path, "utf8"));
  edit(config);
  fs.writeFileSync(path, JSON.stringify(config, null, 2));
}

function lookInside() {
  say("a container that looks at itself");
  configure((config) => {
    config.process.args = ["look"];
  });
  show("run", "demo");
}

function liveByHand() {
  say("the life of a container, one command after the other");
  configure((config) => {
    config.process.args = ["serve"];
  });
  show("create", "demo");
  show("state", "demo");
  show("start", "demo");
  show("list");
  // A signal that comes before its trap would be lost: the kernel shields the first process of a pid namespace.
  show("exec", "demo", "sh", "-c", "until cat /dev/shm/running; do sleep 0.1; done 2> /dev/null");
  show("kill", "demo", "TERM");
  waitForStop();
  show("state", "demo");
  show("delete", "demo");
  show("list");
}

function explain() {
  say(`what a container is: the first ${EXPLAINED_LINES} lines of the program that runs in it`);
  console.log(`\n$ runt explain | head -n ${EXPLAINED_LINES}`);
  const { stdout } = spawnSync(runt, ["explain"], { cwd: directory, encoding: "utf8" });
  console.log(stdout.split("\n").slice(0, EXPLAINED_LINES).join("\n"));
}

/** Runs a command, with the command line before its output. */
function show(...args) {
  console.log(`\n$ runt ${args.join(" ")}`);
  const { status } = call(...args);
  if (status !== 0) throw new Error(`runt ${args.join(" ")}: exit code ${status}`);
}

function call(...args) {
  const stdio = ["ignore", "inherit", "inherit"];
  const result = spawnSync(runt, ["--root", join(directory, "state"), ...args], { cwd: directory, stdio });
  // State is written without a newline at its end, as runc does.
  if (args[0] === "state") console.log();
  return result;
}

function waitForStop() {
  const state = ["--root", join(directory, "state"), "state", "demo"];
  const deadline = Date.now() + DEADLINE_MS;
  while (JSON.parse(spawnSync(runt, state, { encoding: "utf8" }).stdout).status !== "stopped") {
    if (Date.now() > deadline) throw new Error("the container did not stop");
  }
}
