// AppArmor and SELinux of the host: whether they are there for a container that asks for them, and the way to where a
// process says so.

import { PROC_SUPER_MAGIC, SELINUX_MAGIC } from "../abi/constants.ts";
import { getWord } from "../abi/structs.ts";
import { RuntError } from "../error.ts";
import { call, type Fd } from "../kernel/call.ts";
import { openDirectory, readFileIfExists } from "../kernel/file.ts";
import { PROC } from "../process/labels.ts";
import type { Process } from "../spec/types.ts";
import { isFilesystem } from "./host.ts";

/** @throws RuntError where config.json has a label for a security module that the host does not have */
export function requireSecurityModules(
  { apparmorProfile, selinuxLabel }: Process,
  mountLabel?: string,
): void {
  if (apparmorProfile !== undefined && !hasAppArmor()) {
    throw new RuntError({
      pointer: "/process/apparmorProfile",
      what: "apparmor: config provided but apparmor not supported",
      hint: "remove the profile, or boot a kernel with AppArmor: see /sys/module/apparmor/parameters/enabled",
    });
  }
  if (selinuxLabel === undefined && mountLabel === undefined) return;
  if (hasSelinux()) return;
  throw new RuntError({
    pointer: selinuxLabel === undefined ? "/linux/mountLabel" : "/process/selinuxLabel",
    what: "selinux label is specified in config, but selinux is disabled or not supported",
    hint: "remove the label, or enable SELinux: see sestatus(8)",
  });
}

function hasAppArmor(): boolean {
  return readFileIfExists("/sys/module/apparmor/parameters/enabled")?.startsWith("Y") ?? false;
}

/** Until a policy is loaded every process is called "kernel". */
function hasSelinux(): boolean {
  const current =
    isFilesystem("/sys/fs/selinux", SELINUX_MAGIC) && readFileIfExists("/proc/self/attr/current");
  return typeof current === "string" && !["kernel", "kernel\0"].includes(current.trim());
}

/** /proc of the host, which the container cannot change. */
export function openProc(isNeeded: boolean): Readonly<Record<string, Fd>> {
  if (!isNeeded) return {};
  const proc = openDirectory("/proc");
  const filesystem = new Uint8Array(120);
  call("look at /proc", "fstatfs", proc, filesystem);
  if (getWord(filesystem, 0) !== PROC_SUPER_MAGIC) throw new RuntError({ what: "/proc is not a procfs" });
  return { [PROC]: proc };
}
