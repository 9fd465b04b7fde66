// A real systemd to test with: the service manager of the host, or, where there is none, one for a user that is started
// here, in mount namespaces and a cgroup of its own. It is gone after the tests.

import { execFileSync, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import * as fs from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Variables } from "./bed.ts";

const CGROUPS = "/sys/fs/cgroup";
/** systemd works only where the host was booted with it, which it sees by this directory. */
const BOOTED = "/run/systemd/system";
const START = `
mkdir "$0" && echo $$ > "$0/cgroup.procs" && mount -t tmpfs none /run && mkdir -p ${BOOTED} &&
exec /lib/systemd/systemd --user --unit=sockets.target --log-target=console`;

export interface ServiceManager {
  /** For the driver. */
  readonly env: Variables;
  /** Whether the driver has to act for a user, and for which one. */
  readonly uid?: number;
  /** Address of a bus that the service manager is on. */
  readonly busAddress: string;
  /** Path of the cgroup below the mount point that its slices are in. */
  readonly cgroup: string;
  systemctl(...args: string[]): string;
  /** Ends it, if it was started here. */
  close(): Promise<void>;
  /** Value of each property. */
  show(unit: string, ...names: string[]): Readonly<Record<string, string>>;
}

export async function serviceManager(): Promise<ServiceManager> {
  if (fs.existsSync(BOOTED)) return process.getuid?.() === 0 ? ofHost() : ofUser();
  const directory = fs.mkdtempSync(join(tmpdir(), "runt-user-"));
  const cgroup = `/runt-test-${randomBytes(4).toString("hex")}`;
  const log = fs.openSync(join(directory, "log"), "w");
  const env = { PATH: process.env.PATH ?? "", HOME: directory, XDG_RUNTIME_DIR: directory };
  const child = spawn("unshare", ["-m", "sh", "-c", START, `${CGROUPS}${cgroup}`], {
    env,
    stdio: ["ignore", log, log],
  });
  const close = async () => {
    fs.writeFileSync(`${CGROUPS}${cgroup}/cgroup.kill`, "1");
    await becomesEmpty(`${CGROUPS}${cgroup}`);
    execFileSync("find", [`${CGROUPS}${cgroup}`, "-depth", "-type", "d", "-exec", "rmdir", "{}", ";"]);
    fs.rmSync(directory, { recursive: true, force: true });
  };
  // It is ready when its sockets are there: the bus is the last one.
  const ended = new Promise<never>((_, reject) => {
    child.on("close", (code) => reject(new Error(`systemd has ended: ${code}: ${join(directory, "log")}`)));
  });
  await Promise.race([appears(directory, "bus"), ended]);
  const busAddress = `unix:path=${directory}/bus`;
  return withCommands({ XDG_RUNTIME_DIR: directory }, ["--user"], { busAddress, cgroup, uid: 1000, close });
}

function ofHost(): ServiceManager {
  const busAddress = "unix:path=/run/dbus/system_bus_socket";
  return withCommands({}, [], { busAddress, cgroup: "", close: async () => {} });
}

function ofUser(): ServiceManager {
  const { XDG_RUNTIME_DIR = `/run/user/${process.getuid?.()}` } = process.env;
  const busAddress = `unix:path=${XDG_RUNTIME_DIR}/bus`;
  const facts = { busAddress, cgroup: "", close: async () => {} };
  const found = withCommands({ XDG_RUNTIME_DIR }, ["--user"], facts);
  const cgroup = found.systemctl("show", "--property=ControlGroup", "--value").trim();
  return { ...found, cgroup };
}

function withCommands(
  env: Variables,
  flags: readonly string[],
  facts: Pick<ServiceManager, "busAddress" | "cgroup" | "uid" | "close">,
): ServiceManager {
  const systemctl = (...args: string[]) =>
    execFileSync("systemctl", [...flags, "--no-pager", ...args], {
      env: { PATH: process.env.PATH, ...env },
      encoding: "utf8",
    });
  return {
    ...facts,
    env,
    systemctl,
    show: (unit, ...names) =>
      Object.fromEntries(
        systemctl("show", unit, ...names.map((name) => `--property=${name}`))
          .trim()
          .split("\n")
          .map((line) => [line.slice(0, line.indexOf("=")), line.slice(line.indexOf("=") + 1)]),
      ),
  };
}

/** Resolves when `done`, which is asked whenever something changes at `path`. */
function changes(path: string, done: () => boolean): Promise<void> {
  return new Promise((resolve) => {
    const watcher = fs.watch(path, check);
    function check(): void {
      if (!done()) return;
      watcher.close();
      resolve();
    }
    check();
  });
}

function appears(directory: string, name: string): Promise<void> {
  return changes(directory, () => fs.existsSync(join(directory, name)));
}

/** Processes that were killed take a moment to end. */
function becomesEmpty(cgroup: string): Promise<void> {
  const events = join(cgroup, "cgroup.events");
  return changes(events, () => fs.readFileSync(events, "utf8").includes("populated 0"));
}
