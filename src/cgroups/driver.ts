// Who makes the cgroup of a container and takes it away: the runtime itself, or systemd. Operations call this interface;
// the code of the systemd driver is loaded only for containers that have it.

import { RuntError } from "../error.ts";
import type { Fd } from "../kernel/call.ts";
import type { LinuxResources, Spec } from "../spec/types.ts";
import { cgroupfsDriver } from "./cgroupfs_driver.ts";
import type { FilterOptions } from "./devices/attach.ts";
import type { CgroupPlace } from "./place.ts";
import type { CgroupPlan } from "./plan.ts";

export type DriverName = "cgroupfs" | "systemd" | "disabled";

export interface CgroupDriver {
  /** The process of a container is cloned into its cgroup, and not put there later. */
  readonly clonesInto: boolean;
  /**
   * Finds the place, and checks what can be checked. Nothing is made.
   * @throws RuntError if there are processes in it
   */
  readonly begin: (request: CgroupRequest) => NewCgroup;
  /** Kills what is in it, as often as it is called. A cgroup that is gone is no error. */
  readonly remove: (place: CgroupPlace) => void;
  /** What is not in `resources` stays as it is. */
  readonly update: (place: CgroupPlace, resources: LinuxResources, options: FilterOptions) => void;
}

export interface CgroupRequest {
  /** Of the container. */
  readonly id: string;
  readonly spec: Spec;
  readonly plan: CgroupPlan;
  readonly filter: FilterOptions;
}

/** The cgroup of a container that is being created. Its methods are called once, in this order. */
export interface NewCgroup {
  readonly place: CgroupPlace;
  /**
   * Before the container's process is there: limits that hold from its first page on. False where the caller may not make
   * it, and the container can go without: it gets NO_CGROUP.
   */
  readonly make: () => boolean;
  /** To clone the process into; undefined if it comes later. Closed by the caller. */
  readonly open: () => Fd | undefined;
  /** Puts in the process, which has done nothing yet. Absent where it is cloned into the cgroup, or has none. */
  readonly adopt?: (pid: number) => void;
  /** Before anything runs that is not ours; the process may make device nodes by now, which every filter allows. */
  readonly filterDevices: () => void;
  /** At any time, when the process has ended: takes back what was made, and nothing that is another's. */
  readonly undo: () => void;
}

/** Of a container that is in that of its caller. */
export const NO_CGROUP: NewCgroup = {
  place: { path: "", top: "" },
  make: () => true,
  open: () => undefined,
  filterDevices: () => {},
  undo: () => {},
};

export async function loadDriver(name: DriverName): Promise<CgroupDriver> {
  if (name === "cgroupfs") return cgroupfsDriver;
  if (name === "disabled") return { ...cgroupfsDriver, clonesInto: false, begin: goWithout };
  return (await import("./systemd/systemd_driver.ts")).systemdDriver;
}

/** Device rules and a `cgroupsPath` are what engines write for all containers; a limit is what somebody has asked for. */
function goWithout({ plan: { limits } }: CgroupRequest): NewCgroup {
  const [limit] = limits;
  if (limit === undefined) return NO_CGROUP;
  throw new RuntError({
    pointer: limit.pointer,
    what: "there are no limits without a cgroup, which --cgroup-manager=disabled asks for",
    hint: "remove the limit, or let runt make a cgroup: --cgroup-manager=cgroupfs",
  });
}

/** The driver is not named again by who kills or deletes a container. */
export function driverOf({ unit }: Pick<CgroupPlace, "unit">): Exclude<DriverName, "disabled"> {
  return unit === undefined ? "cgroupfs" : "systemd";
}
