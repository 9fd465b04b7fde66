// A real bus with a service manager that is not real: what the driver says to it, and what it makes of the answers.

import { type ChildProcess, spawn } from "node:child_process";
import * as fs from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { onTestFinished } from "vitest";
import { driverBinary } from "./binary.mjs";
import type { Request } from "./driver/main.ts";

const FAKE = fileURLToPath(new URL("fake_manager.py", import.meta.url));
/** Debian's python, whose packages python3-dbus and python3-gi are. */
const PYTHON = "/usr/bin/python3";

export interface Answer {
  readonly code: number | null;
  readonly [key: string]: unknown;
}

export interface Variables {
  readonly [name: string]: string;
}

/** One operation of the driver; `under` is a command that executes it. */
export async function drive(
  request: Request,
  env: Variables,
  under: readonly string[] = [],
): Promise<Answer> {
  const [command = "", ...args] = [...under, await driverBinary(), JSON.stringify(request)];
  const child = spawn(command, args, {
    env: { PATH: process.env.PATH, ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const output = { text: "" };
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (data) => (output.text += data));
  const code = await new Promise<number | null>((resolve) => child.on("close", resolve));
  const parsed: unknown = parseOrText(output.text);
  return { code, ...(typeof parsed === "object" ? parsed : { value: parsed }) };
}

function parseOrText(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

export function temporaryDirectory(): string {
  const directory = fs.mkdtempSync(join(tmpdir(), "runt-systemd-"));
  onTestFinished(() => fs.rmSync(directory, { recursive: true, force: true }));
  return directory;
}

export interface FakeBus {
  readonly address: string;
  readonly daemon: ChildProcess;
  /** The calls so far: name of the method, arguments. */
  readonly calls: readonly (readonly unknown[])[];
  /** Resolves when this method has been called. */
  called(method: string): Promise<void>;
  /** Ends the service manager, and resolves when all calls that it has got are known. */
  end(): Promise<void>;
}

/**
 * @param fault of fake_manager.py
 * @param cgroups directory where units get their cgroups; without it they have none
 */
export async function fakeBus(fault: string, cgroups?: string): Promise<FakeBus> {
  const directory = temporaryDirectory();
  const config = join(directory, "bus.conf");
  fs.writeFileSync(
    config,
    `<busconfig><type>session</type><listen>unix:path=${directory}/bus</listen><auth>EXTERNAL</auth>
    <policy context="default"><allow send_destination="*" eavesdrop="true"/><allow eavesdrop="true"/><allow own="*"/></policy>
    </busconfig>`,
  );
  const daemon = start("dbus-daemon", [`--config-file=${config}`, "--nofork", "--print-address=1"]);
  const [address = ""] = await lines(daemon, (list) => list.length > 0);
  const manager = start(PYTHON, [FAKE, address, fault, ...(cgroups === undefined ? [] : [cgroups])]);
  const log = { lines: await lines(manager, (list) => list.length > 0) };
  return {
    address,
    daemon,
    get calls() {
      return log.lines.slice(1).map((line) => JSON.parse(line) as readonly unknown[]);
    },
    called: async (method) => {
      await lines(manager, () => log.lines.some((line) => line.startsWith(`["${method}"`)), log.lines);
    },
    end: async () => {
      const ended = new Promise((resolve) => manager.on("close", resolve));
      manager.kill("SIGKILL");
      await ended;
    },
  };
}

function start(command: string, args: readonly string[]): ChildProcess {
  // dbus-daemon complains about limits that it cannot raise.
  const stderr = command === PYTHON ? "inherit" : "ignore";
  const child = spawn(command, args, { stdio: ["ignore", "pipe", stderr] });
  onTestFinished(() => void child.kill("SIGKILL"));
  return child;
}

/** The lines of its standard output, which go on coming, as soon as they are `enough`. */
function lines(
  child: ChildProcess,
  enough: (list: readonly string[]) => boolean,
  list: string[] = [],
): Promise<string[]> {
  return new Promise((resolve, reject) => {
    if (list.length > 0 && enough(list)) {
      resolve(list);
      return;
    }
    let rest = "";
    const isNew = list.length === 0;
    child.stdout?.on("data", (data: Buffer) => {
      if (isNew) {
        const parts = `${rest}${data}`.split("\n");
        rest = parts.pop() ?? "";
        list.push(...parts);
      }
      if (enough(list)) resolve(list);
    });
    child.on("close", (code) => reject(new Error(`${child.spawnfile} has ended: ${code}`)));
  });
}
