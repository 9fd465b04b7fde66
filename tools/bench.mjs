// `npm run bench`: runt beside crun and runc on the same bundle, in alternation, so that whatever else the machine
// does hits all alike. Options: --rounds N (default 50), --json FILE, and
// --pause MILLISECONDS before each command: a machine that comes from rest, as it mostly does, is another one for the kernel.

import { execFileSync } from "node:child_process";
import * as fs from "node:fs";
import { cpus, release, tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { ROOT } from "./build.mjs";
import {
  busyboxRootfs,
  debianPackages,
  enterPrivateNamespace,
  isRoot,
  npmPackages,
  run,
  runtBinary,
  say,
} from "./setup.mjs";

const WARM_UP = 3;
/** Never changes, so that who waits for it rests. */
const REST = new Int32Array(new SharedArrayBuffer(4));
const { values: options } = parseArgs({
  options: {
    rounds: { type: "string", default: "50" },
    pause: { type: "string", default: "0" },
    json: { type: "string" },
  },
});
const rounds = Number(options.rounds);
if (!Number.isInteger(rounds) || rounds < 1)
  throw new Error(`--rounds ${options.rounds}: not a number from 1 on`);

const pause = Number(options.pause);
if (!Number.isInteger(pause) || pause < 0)
  throw new Error(`--pause ${options.pause}: not a number from 0 on`);

if (!isRoot) {
  console.error("the benchmark runs containers with runt, crun and runc, and needs root for that");
  process.exit(1);
}
enterPrivateNamespace();
npmPackages();
const missing = debianPackages({ crun: "crun", runc: "runc", cc: "gcc" });
if (missing.length > 0) throw new Error(`missing: ${missing.join(", ")}`);
const RUNTIMES = { runt: await runtBinary(), crun: "crun", runc: "runc" };

const directory = fs.mkdtempSync(join(tmpdir(), "runt-bench-"));
try {
  run("mount", ["-t", "tmpfs", "-o", "mode=755", "tmpfs", directory]);
  const results = measureAll();
  const machine = describeMachine();
  console.log(table(results, machine));
  if (options.json !== undefined) {
    fs.writeFileSync(options.json, `${JSON.stringify({ machine, rounds, results }, null, 2)}\n`);
  }
} finally {
  run("umount", [directory]);
  fs.rmdirSync(directory);
}

/** @returns {Record<string, Record<string, { unit: string, median: number, q1: number, q3: number }>>} */
function measureAll() {
  const measure = join(directory, "measure");
  run("cc", ["-O2", "-static", "-o", measure, join(ROOT, "test/bench/measure.c")]);
  makeBundle("bundle", ["/bin/true"]);
  makeBundle("sleep", ["/bin/sleep", "1000000"]);
  const names = Object.keys(RUNTIMES);
  for (const name of names) runtime(name, ["create", "--bundle", bundle(), idOf(name)]);
  for (const name of names) runtime(name, ["run", "--detach", "--bundle", bundle("sleep"), running(name)]);
  const operations = operationsOf();
  /** @type {Record<string, Record<string, number[]>>} */
  const samples = {};
  // What starting the smallest program costs: no runtime can be below.
  const smallest = join(bundle(), "rootfs/bin/true");
  const floors = [];
  say(`${rounds} rounds, and ${WARM_UP} before them that do not count`);
  for (let round = -WARM_UP; round < rounds; round++) {
    const [floor = ""] = execFileSync(measure, [smallest], { encoding: "utf8" }).split(" ");
    floors.push(Number(floor) / 1e6);
    for (const [operation, commands] of Object.entries(operations)) {
      for (let i = 0; i < names.length; i++) {
        // Another one goes first each time.
        const name = names[(i + round + WARM_UP) % names.length] ?? "";
        if (pause > 0) Atomics.wait(REST, 0, 0, pause);
        const lines = execFileSync(measure, commands(name), { encoding: "utf8" }).trim().split("\n");
        const all = lines.map((line) => line.split(" ").map(Number));
        if (round < 0) continue;
        add(samples, `${operation}, time`, name, all.reduce((sum, [ns = 0]) => sum + ns, 0) / 1e6);
        add(samples, `${operation}, memory`, name, Math.max(...all.map(([, kib = 0]) => kib)));
      }
    }
  }
  for (const name of names) runtime(name, ["delete", "--force", idOf(name)]);
  for (const name of names) runtime(name, ["delete", "--force", running(name)]);
  floors.sort((a, b) => a - b);
  say(`a static /bin/true without any runtime: ${quantile(floors, 0.5).toFixed(2)} ms`);
  return Object.fromEntries(
    Object.entries(samples).map(([operation, by]) => [operation, summarize(operation, by)]),
  );
}

/** What is measured: the commands of each operation, as arguments of measure.c. */
function operationsOf() {
  const call = (name, ...args) => [RUNTIMES[name], "--root", rootOf(name), ...args];
  const id = `bench-${process.pid}`;
  const pidFile = join(directory, "pid");
  return {
    run: (name) => call(name, "run", "--bundle", bundle(), id),
    "create + start + delete": (name) => [
      ...call(name, "create", "--bundle", bundle(), "--pid-file", pidFile, id),
      "--",
      ...call(name, "start", id),
      "--",
      "@wait",
      pidFile,
      "--",
      ...call(name, "delete", id),
    ],
    state: (name) => call(name, "state", idOf(name)),
    exec: (name) => call(name, "exec", running(name), "/bin/true"),
  };
}

function bundle(name = "bundle") {
  return join(directory, name);
}

function rootOf(name) {
  return join(directory, name);
}

/** The container whose state is asked for: it is made once. */
function idOf(name) {
  return `bench-${process.pid}-${name}`;
}

/** One that runs, for its processes. */
function running(name) {
  return `${idOf(name)}-running`;
}

function runtime(name, args) {
  run(RUNTIMES[name], ["--root", rootOf(name), ...args], { stdio: ["ignore", "ignore", "inherit"] });
}

/** What `runc spec` writes, without terminal and without limits. */
function makeBundle(name, args) {
  fs.mkdirSync(bundle(name));
  busyboxRootfs(join(bundle(name), "rootfs"));
  run("runc", ["spec", "--bundle", bundle(name)]);
  const path = join(bundle(name), "config.json");
  const config = JSON.parse(fs.readFileSync(path, "utf8"));
  config.process.terminal = false;
  config.process.args = args;
  delete config.linux.resources;
  fs.writeFileSync(path, JSON.stringify(config));
}

function add(samples, operation, name, value) {
  samples[operation] ??= {};
  samples[operation][name] ??= [];
  samples[operation][name].push(value);
}

function summarize(operation, byName) {
  const unit = operation.endsWith("time") ? "ms" : "KiB";
  return Object.fromEntries(
    Object.entries(byName).map(([name, values]) => {
      values.sort((a, b) => a - b);
      return [
        name,
        { unit, median: quantile(values, 0.5), q1: quantile(values, 0.25), q3: quantile(values, 0.75) },
      ];
    }),
  );
}

function quantile(sorted, q) {
  const position = (sorted.length - 1) * q;
  const [low, high] = [sorted[Math.floor(position)], sorted[Math.ceil(position)]];
  return low + (high - low) * (position % 1);
}

function describeMachine() {
  const version = (command) =>
    execFileSync(command, ["--version"], { encoding: "utf8" }).split("\n")[0]?.trim();
  const os = fs.readFileSync("/etc/os-release", "utf8").match(/^PRETTY_NAME="?(.*?)"?$/m)?.[1];
  const cpu = `${cpus()[0]?.model.trim()} (${cpus().length} in use)`;
  const versions = Object.values(RUNTIMES).map(version);
  return { date: new Date().toISOString().slice(0, 10), cpu, kernel: release(), os, versions };
}

function table(results, { date, cpu, kernel, os, versions }) {
  const show = ({ unit, median, q1, q3 }) => {
    const digits = unit === "ms" ? 2 : 0;
    return `${median.toFixed(digits)} ${unit} (${q1.toFixed(digits)} to ${q3.toFixed(digits)})`;
  };
  const rows = Object.entries(results).map(([operation, { runt, crun, runc }]) => {
    const ratio = (other) => (runt.median / other.median).toFixed(2);
    return `| ${operation} | ${show(runt)} | ${show(crun)} | ${show(runc)} | ${ratio(crun)} | ${ratio(runc)} |`;
  });
  return [
    "",
    "| median (quartiles) | runt | crun | runc | runt / crun | runt / runc |",
    "|---|---|---|---|---|---|",
    ...rows,
    "",
    `${date}, ${cpu}, Linux ${kernel}, ${os}; ${versions.join(", ")}; ${rounds} rounds, ${pause} ms of rest.`,
  ].join("\n");
}
