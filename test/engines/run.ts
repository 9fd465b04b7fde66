// Runs the cases of an engine, two at a time: each in a directory of its own, with a deadline.

import { spawn, spawnSync } from "node:child_process";
import { chmodSync, mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { type Case, type Outcome, PRELUDE } from "./case.ts";
import { CONFIGS } from "./configs.ts";
import type { Engine } from "./engines.ts";

export const IMAGE = "localhost/small:latest";
/** Not /tmp, which the machine mounts without devices and set-uid. */
export const DISK = "/var/tmp";
/** Everything is emulated. */
const DEADLINE_MS = 300_000;
const DETAIL = 1500;

/** Calls `told` for each case, when it has ended. */
export async function runCases(
  engine: Engine,
  runtime: string,
  cases: readonly Case[],
  told: (outcome: Outcome) => void,
): Promise<void> {
  const together = cases.filter(({ alone }) => !alone);
  const alone = cases.filter((one) => one.alone);
  const rest = [...together];
  const worker = async () => {
    for (let next = rest.shift(); next !== undefined; next = rest.shift())
      told(await runCase(engine, runtime, next));
  };
  await Promise.all([worker(), worker()]);
  for (const next of alone) told(await runCase(engine, runtime, next));
}

/** The configuration that the engine, with its own runtime, has written for each of its containers, as JSON. */
export async function collectConfigs(
  engine: Engine,
  told: (fixture: string, config: string) => void,
): Promise<void> {
  const { configOf = "", starts = [] } = CONFIGS[engine.name] ?? {};
  for (const { name, script } of starts) {
    const wrapped = `config_of() { ${configOf}; }\n{ ${script}\n} > /dev/null\nconfig_of $N`;
    const { status, stdout, stderr } = await execute(engine, engine.peer, wrapped, DEADLINE_MS);
    if (status === 0) {
      told(`${engine.name}-${name}`, stdout);
    } else {
      console.log(`${engine.name}, ${name}: status ${status}\n${stderr}`);
      process.exitCode = 1;
    }
  }
}

async function runCase(engine: Engine, runtime: string, one: Case): Promise<Outcome> {
  const { name, script, sees, minutes } = one;
  const deadline = minutes === undefined ? DEADLINE_MS : minutes * 60_000;
  const started = Date.now();
  const { status, stdout, stderr } = await execute(engine, runtime, script, deadline);
  const seconds = Math.round((Date.now() - started) / 100) / 10;
  const seen = stdout.trim();
  const passed = status === 0 && (typeof sees === "string" ? seen === sees : sees.test(seen));
  const detail = passed ? {} : { detail: `status ${status}\n${seen}\n${stderr}`.slice(0, DETAIL) };
  return { engine: engine.name, name, runtime, passed, seconds, ...detail };
}

let count = 0;

/** In a directory of its own; what it has left is removed, whatever has happened. */
async function execute(engine: Engine, runtime: string, script: string, deadline: number): Promise<Ended> {
  const directory = mkdtempSync(join(DISK, "case-"));
  chmodSync(directory, 0o755);
  // No name is a part of another one.
  const name = `case${++count}x`;
  const names = `N=${name}; I=${IMAGE} RT=${runtime}`;
  const prelude = [PRELUDE, names, engine.prelude].join("\n");
  const ended = await bash(`${prelude}\n${script}`, directory, deadline);
  await bash(`${prelude}\nremove ${name}`, DISK, DEADLINE_MS);
  rmSync(directory, { recursive: true, force: true });
  return ended;
}

interface Ended {
  /** null if it was killed. */
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

function bash(script: string, cwd: string, deadline: number): Promise<Ended> {
  // A process group of its own, so that nothing of it stays.
  const child = spawn("bash", ["-c", script], { cwd, stdio: ["ignore", "pipe", "pipe"], detached: true });
  const read = { stdout: "", stderr: "" };
  child.stdout.on("data", (data: Buffer) => {
    read.stdout += data;
  });
  child.stderr.on("data", (data: Buffer) => {
    read.stderr += data;
  });
  const kill = () => process.kill(-(child.pid ?? 0), "SIGKILL");
  const timer = setTimeout(kill, deadline);
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    // Not `close`: what a container keeps open is not waited for.
    child.on("exit", (status) => {
      clearTimeout(timer);
      setImmediate(() => resolve({ status, ...read }));
    });
  });
}

/** What a script prints; it has to succeed. */
export function succeed(script: string): string {
  const { status, stdout, stderr } = spawnSync("bash", ["-c", `set -eu\nI=${IMAGE}\n${script}`], {
    encoding: "utf8",
    timeout: DEADLINE_MS,
    cwd: DISK,
  });
  if (status !== 0) throw new Error(`${script}\nstatus ${status}\n${stderr}${stdout}`);
  return stdout.trim();
}
