// A real systemd to test with: the service manager of the machine, or, for an ordinary user, that of the user.

import { execFileSync } from "node:child_process";
import type { Variables } from "../systemd/bed.ts";

export interface ServiceManager {
  /** For the driver. */
  readonly env: Variables;
  /** Address of a bus that the service manager is on. */
  readonly busAddress: string;
  /** Path of the cgroup below the mount point that its slices are in. */
  readonly cgroup: string;
  systemctl(...args: string[]): string;
  /** Value of each property. */
  show(unit: string, ...names: string[]): Readonly<Record<string, string>>;
}

export function serviceManager(): ServiceManager {
  return process.getuid?.() === 0 ? ofHost() : ofUser();
}

function ofHost(): ServiceManager {
  const busAddress = "unix:path=/run/dbus/system_bus_socket";
  return withCommands({}, [], { busAddress, cgroup: "" });
}

function ofUser(): ServiceManager {
  const { XDG_RUNTIME_DIR = `/run/user/${process.getuid?.()}` } = process.env;
  const busAddress = `unix:path=${XDG_RUNTIME_DIR}/bus`;
  const facts = { busAddress, cgroup: "" };
  const found = withCommands({ XDG_RUNTIME_DIR }, ["--user"], facts);
  const cgroup = found.systemctl("show", "--property=ControlGroup", "--value").trim();
  return { ...found, cgroup };
}

function withCommands(
  env: Variables,
  flags: readonly string[],
  facts: Pick<ServiceManager, "busAddress" | "cgroup">,
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
