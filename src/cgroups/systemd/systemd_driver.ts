// The systemd driver: the container's process, which waits for its program, becomes the first one of a unit. systemd
// makes the cgroup with the limits that it has properties for, and the rest is written to its files.

import { ENOENT } from "../../abi/errno.ts";
import { RuntError } from "../../error.ts";
import { readVariable } from "../../kernel/environment.ts";
import { statPath, writeValue } from "../../kernel/file.ts";
import type { LinuxResources } from "../../spec/types.ts";
import { applyCgroupPlan, applyResources } from "../apply.ts";
import { killCgroup, mountPoint, removeCgroup, requireEmpty } from "../cgroupfs.ts";
import { type FilterOptions, setDeviceFilter } from "../devices/attach.ts";
import { withDefaultRules } from "../devices/rules.ts";
import type { CgroupDriver, CgroupRequest, NewCgroup } from "../driver.ts";
import type { CgroupPlace, UnitPlace } from "../place.ts";
import { compileResources } from "../resources/compile.ts";
import { BusError, UNIT_EXISTS } from "./bus_error.ts";
import { connectSystemd, readBusEnvironment, type Systemd } from "./connect.ts";
import { locateUnit, SYSTEMD_DEADLINE, startContainerUnit, updateContainerUnit } from "./driver.ts";
import { serviceManager } from "./unit/service_manager.ts";
import { unitProperties } from "./unit/unit_properties.ts";
import { stopUnit } from "./unit_control.ts";

export const systemdDriver: CgroupDriver = { clonesInto: false, begin, remove, update };

function begin({ id, spec, plan, filter }: CgroupRequest): NewCgroup {
  const systemd = connect();
  const unit = locateUnit(systemd, spec.linux?.cgroupsPath, id);
  const path = mountPoint() + unit.path;
  requireEmpty(path);
  const { annotations, linux } = spec;
  const resources = withDevices(linux?.resources ?? {});
  const properties = unitProperties({ unit, id, resources, ...(annotations && { annotations }) });
  // The directories above are those of slices, and systemd's.
  const place = { path, top: path, unit: { name: unit.name, manager: systemd.kind } };
  let isOurs = false;
  return {
    place,
    make: () => true,
    open: () => undefined,
    adopt: (pid) => {
      // Whatever becomes of it, the unit may be there from now on.
      isOurs = true;
      try {
        startContainerUnit(systemd, { unit, properties, pid });
      } catch (error) {
        if (error instanceof BusError && error.errorName === UNIT_EXISTS) isOurs = false;
        throw error;
      }
      systemd.bus.close();
      if (unit.kind === "slice") join(path, pid);
      applyCgroupPlan(path, plan);
    },
    filterDevices: () => setDeviceFilter(path, plan.filter, filter),
    undo: () => {
      if (isOurs) remove(place);
    },
  };
}

function connect(): Systemd {
  return connectSystemd(readBusEnvironment(readVariable), SYSTEMD_DEADLINE);
}

/** The rules that our own filter is made of. Go writes an empty list for none. */
function withDevices({ devices = [], ...others }: LinuxResources): LinuxResources {
  return devices.length === 0 ? others : { ...others, devices: withDefaultRules(devices) };
}

function join(path: string, pid: number): void {
  const context = { what: `put process ${pid} into ${path}`, pointer: "/linux/cgroupsPath" };
  writeValue(`${path}/cgroup.procs`, String(pid), { context });
}

function remove({ path, unit }: CgroupPlace): void {
  const isGone = statPath(path) === -ENOENT;
  // systemd would ask the processes to end first, and wait for them.
  killCgroup(path);
  try {
    if (unit !== undefined) stop(unit, isGone);
  } finally {
    removeCgroup({ path, top: path });
  }
}

/**
 * A connection of its own: that of who has started the unit may be what has failed.
 *
 * @param isGone its cgroup is no more: then there may be no service manager either, as after the user has logged out
 */
function stop({ name, manager }: UnitPlace, isGone: boolean): void {
  const environment = readBusEnvironment(readVariable);
  // The unit of another user: it goes by itself, now that its processes have ended.
  if (serviceManager(environment) !== manager) return;
  let systemd: Systemd;
  try {
    systemd = connectSystemd(environment, SYSTEMD_DEADLINE);
  } catch (error) {
    if (isGone && error instanceof RuntError) return;
    throw error;
  }
  stopUnit(systemd, name);
  systemd.bus.close();
}

/** systemd first: it writes the files that it has properties for, and the rest is ours. */
function update({ path, unit }: CgroupPlace, resources: LinuxResources, options: FilterOptions): void {
  // Before systemd hears of it: a limit that excludes another is an error here.
  compileResources(resources, "");
  const isReachable = unit !== undefined && serviceManager(readBusEnvironment(readVariable)) === unit.manager;
  if (isReachable) {
    const systemd = connect();
    updateContainerUnit(systemd, unit.name, withDevices(resources));
    systemd.bus.close();
  }
  applyResources(path, resources, options);
}
