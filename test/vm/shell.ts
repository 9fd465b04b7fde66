// Commands in the virtual machine.

import { spawnSync } from "node:child_process";

/** What a command prints; it has to succeed, in two minutes: everything is emulated. */
export function output(command: string, ...args: string[]): string {
  const { status, stdout, stderr, error } = spawnSync(command, args, { encoding: "utf8", timeout: 120_000 });
  if (error !== undefined) throw error;
  if (status !== 0)
    throw new Error(`${[command, ...args].join(" ")}: exit code ${status}\n${stderr}${stdout}`);
  return stdout.trim();
}

/** Where this process is in version 2 of cgroups, as a directory. */
export function cgroupOf(cgroupFile: string): string {
  const path = cgroupFile.match(/^0::(.*)$/m)?.[1];
  if (path === undefined) throw new Error(`no cgroup of version 2: ${cgroupFile}`);
  return `/sys/fs/cgroup${path}`;
}
