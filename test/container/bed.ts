// The test bed: bundles in temporary directories, and the runtime under test to run them. RUNTIME chooses it:
// `runc` or `crun` of PATH, the path of a binary, or dist/runt. After each test nothing may be left of its containers.

import { spawn, spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import * as fs from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { onTestFinished, type TestOptions } from "vitest";
import { busyboxRootfs } from "../../tools/setup.mjs";
import { recordFields } from "../record.ts";
import { type Config, runcSpec, sh } from "./config.ts";
import { leftovers, removeLeftovers } from "./leftovers.ts";

const BINARY = fileURLToPath(new URL("../../dist/runt", import.meta.url));
const DEADLINE_MS = 20_000;

/** Path or name of the binary under test. */
export const runtime = process.env.RUNTIME ?? BINARY;
export const runtimeName = basename(runtime);

export interface Result {
  /** null if it was killed. */
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface CallOptions {
  /** A command that executes the runtime: `["strace", "-f"]`. */
  readonly under?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** File descriptors from 3 on; `ignore` leaves a hole. */
  readonly fds?: readonly (number | "ignore")[];
  /** What the container reads: nothing, unless given. */
  readonly stdin?: number;
  readonly cwd?: string;
}

export interface State {
  readonly ociVersion: string;
  readonly id: string;
  readonly pid: number;
  readonly status: string;
  readonly bundle: string;
  readonly annotations?: Record<string, string>;
}

/** A bundle, its container, and the commands for it. Methods throw unless the command succeeds; `call` does not. */
export interface Container {
  readonly id: string;
  /** The bundle, which is also where commands run. */
  readonly dir: string;
  readonly rootfs: string;
  /** Where the runtime keeps its state: its --root. */
  readonly stateDir: string;
  call(...args: string[]): Result;
  callWith(options: CallOptions, ...args: string[]): Result;
  /** The same without waiting: for commands that run at the same time. */
  callAsync(...args: string[]): Promise<Result>;
  create(...options: string[]): void;
  start(): void;
  kill(...signal: string[]): void;
  delete(...options: string[]): void;
  state(): State;
  /** Runs it in the foreground, with the exit code that it has. */
  run(...options: string[]): Result;
  /** What the container has written since `create`. */
  output(): string;
}

/** Makes a bundle of `runc spec`'s config, as changed by `edit`. It is removed when the test has finished. */
export function bundle(edit: (config: Config, rootfs: string) => void = () => {}): Container {
  const dir = fs.mkdtempSync(join(tmpdir(), "runt-test-"));
  // Users of other user namespaces have to reach the root filesystem.
  fs.chmodSync(dir, 0o755);
  const container = containerIn(dir, `t-${randomBytes(6).toString("hex")}`);
  onTestFinished(() => cleanUp(container));
  busyboxRootfs(container.rootfs);
  const config = runcSpec();
  edit(config, container.rootfs);
  writeConfig(container, config);
  return container;
}

export function writeConfig(container: Container, config: Config): void {
  recordFields(config, runcSpec());
  fs.writeFileSync(join(container.dir, "config.json"), JSON.stringify(config));
}

export function readConfig(container: Container): Config {
  return JSON.parse(fs.readFileSync(join(container.dir, "config.json"), "utf8")) as Config;
}

/** What a shell script prints in a container that `edit` configures; the script has to succeed. */
export function inside(script: string, edit: (config: Config, rootfs: string) => void = () => {}): string {
  const container = bundle((config, rootfs) => {
    config.process.args = sh(script);
    edit(config, rootfs);
  });
  return checked("run", container.run()).stdout;
}

/** Another container with the same bundle and the same state directory. */
export function twin(container: Container, id = `${container.id}.twin`): Container {
  const other = containerIn(container.dir, id);
  onTestFinished(() => {
    other.call("delete", "--force", other.id);
  });
  return other;
}

function containerIn(dir: string, id: string): Container {
  const stateDir = join(dir, "state");
  const output = join(dir, `output-${id}`);
  const rooted = (args: readonly string[]) => ["--root", stateDir, ...args];
  const callWith = (options: CallOptions, ...args: string[]) =>
    call(rooted(args), { cwd: dir, ...options }, join(dir, "call"));
  const ok = (...args: string[]) => checked(args.join(" "), callWith({}, ...args)).stdout;
  return {
    id,
    dir,
    rootfs: join(dir, "rootfs"),
    stateDir,
    callWith,
    call: (...args) => callWith({}, ...args),
    callAsync: (...args) => callAsync(rooted(args), dir),
    create: (...options) => {
      const create = rooted(["create", ...options, id]);
      checked(create.join(" "), call(create, { cwd: dir }, output));
    },
    start: () => void ok("start", id),
    kill: (...signal) => void ok("kill", id, ...signal),
    delete: (...options) => void ok("delete", ...options, id),
    state: () => JSON.parse(ok("state", id)) as State,
    run: (...options) => callWith({}, "run", ...options, id),
    output: () => fs.readFileSync(`${output}.out`, "utf8"),
  };
}

/** Output goes to files: a created container keeps it open after the runtime has ended. */
function call(args: readonly string[], options: CallOptions, output: string): Result {
  const [command = runtime, ...rest] = [...(options.under ?? []), runtime, ...args];
  const out = fs.openSync(`${output}.out`, "w");
  const err = fs.openSync(`${output}.err`, "w");
  const { status, error } = spawnSync(command, rest, {
    cwd: options.cwd,
    env: { ...process.env, ...options.env },
    stdio: [options.stdin ?? "ignore", out, err, ...(options.fds ?? [])],
    timeout: DEADLINE_MS,
    killSignal: "SIGKILL",
  });
  fs.closeSync(out);
  fs.closeSync(err);
  if (error !== undefined) throw error;
  return {
    code: status,
    stdout: fs.readFileSync(`${output}.out`, "utf8"),
    stderr: fs.readFileSync(`${output}.err`, "utf8"),
  };
}

function callAsync(args: readonly string[], cwd: string): Promise<Result> {
  const child = spawn(runtime, args, { cwd, stdio: ["ignore", "pipe", "pipe"], timeout: DEADLINE_MS });
  const read = { stdout: "", stderr: "" };
  child.stdout.on("data", (data: Buffer) => {
    read.stdout += data;
  });
  child.stderr.on("data", (data: Buffer) => {
    read.stderr += data;
  });
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code) => resolve({ code, ...read }));
  });
}

function checked(what: string, result: Result): Result {
  if (result.code === 0) return result;
  throw new Error(`${runtimeName} ${what}: exit code ${result.code}\n${result.stderr}${result.stdout}`);
}

/** The error message of a call that has to fail. */
export function failure(result: Result): string {
  if (result.code === 0) throw new Error(`succeeded, but should not have\n${result.stdout}`);
  // runc quotes its message.
  return result.stderr.replaceAll('\\"', '"');
}

/** Waits for a condition that nothing announces to a test: the state of a container. */
export async function until(condition: () => boolean): Promise<void> {
  const deadline = Date.now() + DEADLINE_MS;
  while (!condition()) {
    if (Date.now() > deadline) throw new Error(`in ${DEADLINE_MS} ms this did not happen: ${condition}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** Waits for the end of a container. */
export async function stopped(container: Container): Promise<void> {
  await until(() => container.state().status === "stopped");
}

/** Waits for the start of a container, which may not even exist yet. */
export async function running(container: Container): Promise<void> {
  await until(() => {
    const { code, stdout } = container.call("state", container.id);
    return code === 0 && (JSON.parse(stdout) as State).status === "running";
  });
}

type RuntimeName = "runt" | "runc" | "crun";

/** For a test that one of the runtimes is known not to pass: it is skipped there, with this reason. */
export function differs(reasons: Partial<Record<RuntimeName, string>>): TestOptions {
  const reason = reasons[runtimeName as RuntimeName];
  return reason === undefined ? {} : { skip: true, meta: { skipped: `${runtimeName}: ${reason}` } };
}

/** Words of an error message: runc's, unless another runtime says it otherwise. */
export function wording(runc: string, others: Partial<Record<RuntimeName, string>> = {}): string {
  return others[runtimeName as RuntimeName] ?? runc;
}

function cleanUp(container: Container): void {
  container.call("delete", "--force", container.id);
  // crun 1.8 leaves the cgroup of what it could not create, and does not wait for what it has killed.
  const left = runtimeName === "crun" ? [] : leftovers(container.id, container.dir);
  removeLeftovers(container.id, container.dir);
  fs.rmSync(container.dir, { recursive: true, force: true });
  if (left.length > 0) throw new Error(`left behind by ${runtimeName}:\n${left.join("\n")}`);
}

declare module "vitest" {
  interface TaskMeta {
    /** Why it is skipped. */
    skipped?: string;
  }
}
