// What to do where the kernel refuses what a user namespace, or who has made one, may do only on some hosts. It is read
// when something has failed: the kernel itself says no more than EPERM.

import { type ErrorRecord, RuntError } from "../error.ts";
import { readFileIfExists } from "../kernel/file.ts";
import { has, type NamespacePlan } from "../namespaces/plan.ts";
import type { Mount } from "../spec/types.ts";
import type { Prepared } from "./prepare.ts";
import { CANNOT_CLONE } from "./spawn.ts";

/** The error, with a hint if the host has a reason that we know. */
export function withAdvice({ record }: RuntError, { namespaces, spec, uid }: Prepared): RuntError {
  const situation = { namespaces, mounts: spec.mounts ?? [], isUser: uid !== 0, read: readSysctl };
  const hint = adviceOn(record, situation);
  return new RuntError({ ...record, ...(hint !== undefined && { hint }) });
}

function readSysctl(name: string): string | undefined {
  return readFileIfExists(`/proc/sys/${name}`)?.trim();
}

export interface Situation {
  readonly namespaces: NamespacePlan;
  readonly mounts: readonly Mount[];
  /** Not root, not even of a user namespace. */
  readonly isUser: boolean;
  /** A file below /proc/sys, if there is one. */
  readonly read: (name: string) => string | undefined;
}

export function adviceOn(record: ErrorRecord, situation: Situation): string | undefined {
  const { what, pointer = "", errno = "" } = record;
  const cloning = what === CANNOT_CLONE;
  if (cloning && (errno === "ENOSPC" || errno === "EUSERS")) return adviceOnNumber(situation);
  if (errno !== "EPERM" && errno !== "EACCES") return undefined;
  const ofHost = adviceOnHost(situation);
  if (ofHost !== undefined) return ofHost;
  if (cloning) {
    return errno === "EACCES"
      ? "a cgroup above both runt's and the container's has to be this user's: start runt in the part that is delegated (systemd-run --user --scope)"
      : "no user namespace can be made in a chroot, or where a policy of the host forbids it";
  }
  return pointer.startsWith("/mounts/") ? adviceOnMount(pointer, situation) : undefined;
}

function adviceOnNumber({ read }: Situation): string {
  const most = read("user/max_user_namespaces");
  if (most === "0") return "this host allows no user namespaces: sysctl -w user.max_user_namespaces=10000";
  return `there are too many namespaces, or 32 user namespaces in each other: see sysctl user (max_user_namespaces is ${most})`;
}

function adviceOnHost({ isUser, read }: Situation): string | undefined {
  if (!isUser) return undefined;
  if (read("kernel/unprivileged_userns_clone") === "0") {
    return "user namespaces are for root on this host: sysctl -w kernel.unprivileged_userns_clone=1";
  }
  if (read("kernel/apparmor_restrict_unprivileged_userns") !== "1") return undefined;
  return "AppArmor lets no program without a profile use user namespaces: give runt one with `userns,`, or sysctl -w kernel.apparmor_restrict_unprivileged_userns=0";
}

function adviceOnMount(pointer: string, { mounts, namespaces }: Situation): string | undefined {
  const type = mounts[Number(pointer.split("/")[2])]?.type;
  const needs =
    type === "proc" ? "pid" : type === "sysfs" ? "network" : type === "mqueue" ? "ipc" : undefined;
  if (needs === undefined) return undefined;
  if (!has(namespaces, needs)) {
    const instead = type === "sysfs" ? ", or the option ro, to see the host's" : "";
    return `in a user namespace ${type} needs the ${needs} namespace to be the container's own${instead}`;
  }
  if (type === "mqueue") return undefined;
  return `something covers a part of the host's /${type === "proc" ? "proc" : "sys"}, as in a container, and a new ${type} would show it: let the outer container have it unmasked (docker: --security-opt systempaths=unconfined)`;
}
