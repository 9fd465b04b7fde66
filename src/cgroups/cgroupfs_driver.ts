// The cgroupfs driver: the cgroup has its limits before the container's process is cloned right into it.

import { applyCgroupPlan, applyResources } from "./apply.ts";
import {
  firstMissing,
  locateCgroup,
  makeCgroup,
  openCgroup,
  removeCgroup,
  requireEmpty,
} from "./cgroupfs.ts";
import { setDeviceFilter } from "./devices/attach.ts";
import type { CgroupDriver, CgroupRequest, NewCgroup } from "./driver.ts";

export const cgroupfsDriver: CgroupDriver = {
  begin,
  remove: removeCgroup,
  update: ({ path }, resources, options) => applyResources(path, resources, options),
};

function begin({ id, spec, plan, filter }: CgroupRequest): NewCgroup {
  const path = locateCgroup(spec.linux?.cgroupsPath, id);
  requireEmpty(path);
  const place = { path, top: firstMissing(path) };
  return {
    place,
    make: () => {
      makeCgroup(path);
      applyCgroupPlan(path, plan);
    },
    open: () => openCgroup(path),
    // It takes the kernel longer than all limits together, and the stage waits for its program still.
    whileCloning: () => setDeviceFilter(path, plan.filter, filter),
    adopt: () => {},
    undo: () => removeCgroup(place),
  };
}
