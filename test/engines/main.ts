// Runs in the virtual machine: each engine with its own runtime and with runt, and a report for each case and runtime.
// `main.mjs FILTER...`; for an engine of the ordinary user it runs itself again in that user's session.

import { spawnSync } from "node:child_process";
import { chmodSync, mkdtempSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { busyboxRootfs } from "../../tools/setup.mjs";
import { MARK } from "../../tools/vm/protocol.mjs";
import type { Outcome } from "./case.ts";
import { CONFIGS } from "./configs.ts";
import { ENGINES, type Engine } from "./engines.ts";
import { collectConfigs, DISK, runCases, succeed } from "./run.ts";
import { selected } from "./select.ts";
import { measure } from "./timing.ts";

const SELF = fileURLToPath(import.meta.url);
/** Instead of cases: what the engines write for containers. */
const COLLECT = "--configs";
const TIME = "--time";
const words = process.argv.slice(2);

if (words[0] === "--as-user") {
  const [, name, runtime = "", ...filters] = words;
  const engine = ENGINES.find((one) => one.name === name);
  if (engine === undefined) throw new Error(`no engine is called ${name}`);
  await useOf(engine, runtime, filters);
} else {
  await everything(words);
}

async function everything(filters: readonly string[]): Promise<void> {
  makeLayer();
  if (filters.includes(TIME)) {
    for (const times of measure(filters)) report(times);
    return;
  }
  const names = filters.filter((word) => word !== COLLECT);
  for (const engine of ENGINES.filter((one) => selected(names, one, ENGINES).length > 0)) {
    if (names.length < filters.length && CONFIGS[engine.name] === undefined) continue;
    const runtimes = names.length < filters.length ? [engine.peer] : [engine.peer, "runt"];
    for (const used of runtimes) await withRuntime(engine, used, filters);
  }
}

/** What images are made of. */
function makeLayer(): void {
  const rootfs = join(mkdtempSync(join(DISK, "image-")), "rootfs");
  busyboxRootfs(rootfs);
  succeed(`tar --create --file ${DISK}/layer.tar --directory ${rootfs} .`);
  chmodSync(`${DISK}/layer.tar`, 0o644);
}

async function withRuntime(engine: Engine, used: string, filters: readonly string[]): Promise<void> {
  console.log(`== ${engine.name} with ${used}`);
  try {
    succeed(engine.start(used));
    if (engine.rootless) asUser(engine, used, filters);
    else await useOf(engine, used, filters);
  } catch (error) {
    const detail = error instanceof Error ? error.message : String(error);
    tell({ engine: engine.name, name: "it starts", runtime: used, passed: false, seconds: 0, detail });
  } finally {
    succeed(`set +e\n${engine.stop}\n:`);
  }
}

/** In the user's session: with its bus, and in a cgroup that is delegated to it. */
function asUser(engine: Engine, used: string, filters: readonly string[]): void {
  const session = ["--user", "--machine=tester@.host", "--quiet", "--pipe", "--wait", "--collect"];
  const self = [process.execPath, SELF, "--as-user", engine.name, used, ...filters];
  const { status } = spawnSync("systemd-run", [...session, "--property=Delegate=yes", ...self], {
    cwd: DISK,
    stdio: ["ignore", "inherit", "inherit"],
  });
  if (status !== 0) throw new Error(`in the session of the user: status ${status}`);
}

async function useOf(engine: Engine, used: string, filters: readonly string[]): Promise<void> {
  succeed(engine.prepare);
  if (filters.includes(COLLECT)) {
    await collectConfigs(engine, (fixture, config) => report({ fixture, config }));
    return;
  }
  const cases = selected(filters, engine, ENGINES);
  await runCases(engine, used, cases, tell);
  const whole = cases.length === engine.cases.length;
  report({ engine: engine.name, version: succeed(engine.version), whole });
}

function tell(outcome: Outcome): void {
  const { engine, name: of, runtime: used, passed, seconds, detail = "" } = outcome;
  console.log(`${passed ? "ok  " : "FAIL"} ${engine}, ${used}: ${of} (${seconds} s)`);
  if (!passed) console.log(detail.replaceAll(/^/gm, "     "));
  report(outcome);
}

function report(found: object): void {
  console.log(`${MARK}${JSON.stringify({ found })}`);
}
