// What runt remembers of a container between two commands: state.json in its directory. It is written twice, once as
// an intent before the first kernel object exists, and once when the container does. `created` or `running` is not in
// it: the start socket is there until the container's process has been executed.

import type { CgroupPlace, UnitPlace } from "../cgroups/place.ts";
import { RuntError } from "../error.ts";
import type { HookKind } from "../spec/hooks.ts";
import type { StringMap } from "../spec/types.ts";

export interface ProcessId {
  readonly pid: number;
  /** Field 22 of proc_pid_stat(5): a pid alone may belong to somebody else by now. */
  readonly startTime: string;
}

export interface Init extends ProcessId {
  /** The last instruction of its program, where others that may fail are between `start` and that. */
  readonly execve?: number;
}

export interface ContainerRecord {
  readonly version: 1;
  readonly ociVersion: string;
  readonly id: string;
  /** Absolute paths on the host. */
  readonly bundle: string;
  readonly rootfs: string;
  /** RFC 3339 with nanoseconds. */
  readonly created: string;
  /** Effective uid of the runtime that created it. */
  readonly owner: number;
  readonly annotations?: StringMap<string>;
  /** Directory of the container's cgroup, and the topmost directory that was made for it. Empty where it has none. */
  readonly cgroup: string;
  readonly cgroupTop: string;
  /** Of systemd, where it made the cgroup. */
  readonly unit?: UnitPlace;
  /** Directories of resctrl that go with it, the innermost first. */
  readonly resctrl?: readonly string[];
  /** Id of the mount that the root was on, where the host has the container's mounts: over that one. */
  readonly rootMount?: number;
  /** The runtime that creates it; if it has ended without `init`, the container is half created. */
  readonly creator: ProcessId;
  /** The container's process, as seen by the runtime. */
  readonly init?: Init;
  /** The session keyring is the caller's, as --no-new-keyring wanted it. */
  readonly callersKeyring?: true;
  /** False if the container shares the pid namespace of others: killing init does not kill the rest. */
  readonly privatePid: boolean;
  /** Of which kinds it has hooks: others need not read its config.json. */
  readonly hooks?: readonly HookKind[];
}

/** `paused` is runc's: created or running, and frozen. */
export type Status = "creating" | "created" | "running" | "paused" | "stopped";

type Operation =
  | "start"
  | "exec"
  | "kill"
  | "pause"
  | "resume"
  | "checkpoint"
  | "update"
  | "events"
  | "delete";

/** runtime.md, "State": which operation is legal in which status. */
export const LEGAL: Readonly<Record<Operation, readonly Status[]>> = {
  start: ["created"],
  exec: ["created", "running"],
  kill: ["created", "running", "paused"],
  pause: ["created", "running"],
  resume: ["paused"],
  checkpoint: ["running", "paused"],
  update: ["created", "running", "paused"],
  events: ["created", "running", "paused"],
  // The spec says stopped only; every runtime deletes a created container too, and engines rely on it.
  delete: ["stopped", "created"],
};

export function placeOf({ cgroup, cgroupTop, unit }: ContainerRecord): CgroupPlace {
  return { path: cgroup, top: cgroupTop, ...(unit && { unit }) };
}

/** @throws RuntError where the container has none */
export function requireCgroup({ id, cgroup }: Pick<ContainerRecord, "id" | "cgroup">): string {
  if (cgroup !== "") return cgroup;
  throw new RuntError({
    what: `container ${id} has no cgroup`,
    hint: "it was created without one, with --cgroup-manager=disabled or by a user who might make none: use --systemd-cgroup, or a cgroup that is delegated to this user",
  });
}
