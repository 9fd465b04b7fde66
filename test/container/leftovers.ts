// What a container may have left on the host.

import { spawnSync } from "node:child_process";
import * as fs from "node:fs";
import { join } from "node:path";

/** Mounts below the bundle, cgroups named after the container, and processes of both. */
export function leftovers(id: string, bundle: string): string[] {
  const paths = cgroups(cgroupRoot(), id).map((path) => `cgroup: ${path}`);
  return [...mounts(bundle), ...paths, ...processes(id, bundle)];
}

/** What a state directory has of containers. What they share is of none of them: `@...`, which is no id. */
export function stateOf(directory: string): string[] {
  return fs.existsSync(directory) ? fs.readdirSync(directory).filter((name) => !name.startsWith("@")) : [];
}

/** So that a runtime that leaves something leaves it for one test only. */
export function removeLeftovers(id: string, bundle: string): void {
  for (const mount of mounts(bundle)) spawnSync("umount", ["--lazy", mount.split(" ")[5] ?? ""]);
  for (const path of cgroups(cgroupRoot(), id)) {
    fs.writeFileSync(join(path, "cgroup.kill"), "1");
    spawnSync("find", [path, "-depth", "-type", "d", "-exec", "rmdir", "{}", ";"]);
  }
}

function mounts(bundle: string): string[] {
  const lines = fs.readFileSync("/proc/self/mountinfo", "utf8").split("\n");
  return lines.filter((line) => line.includes(bundle)).map((line) => `mount: ${line}`);
}

/** Where version 2 of cgroups is mounted. */
export function cgroupRoot(): string {
  const lines = fs.readFileSync("/proc/self/mountinfo", "utf8").split("\n");
  const points = lines.filter((line) => line.includes(" - cgroup2 ")).map((line) => line.split(" ")[4] ?? "");
  if (points[0] === undefined) throw new Error("cgroup v2 is not mounted");
  return points.includes("/sys/fs/cgroup") ? "/sys/fs/cgroup" : points[0];
}

function cgroups(directory: string, id: string): string[] {
  return subdirectories(directory).flatMap((name) => {
    const path = join(directory, name);
    return name.includes(id) ? [path] : cgroups(path, id);
  });
}

function subdirectories(directory: string): string[] {
  try {
    const entries = fs.readdirSync(directory, { withFileTypes: true });
    return entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
  } catch {
    // Others come and go.
    return [];
  }
}

function processes(id: string, bundle: string): string[] {
  return fs
    .readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .filter((pid) => belongs(pid, id, bundle))
    .map((pid) => `process: ${pid} ${read(pid, "cmdline").replaceAll("\0", " ")}`);
}

function belongs(pid: string, id: string, bundle: string): boolean {
  // Who has ended already only waits for its parent.
  if (/^State:\t[ZX]/m.test(read(pid, "status"))) return false;
  return read(pid, "cgroup").includes(id) || read(pid, "cmdline").includes(bundle);
}

function read(pid: string, file: string): string {
  try {
    return fs.readFileSync(join("/proc", pid, file), "utf8");
  } catch {
    return "";
  }
}
