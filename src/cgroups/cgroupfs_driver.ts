// The cgroupfs driver: the cgroup has its limits before the container's process is cloned right into it.

import { RuntError } from "../error.ts";
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
  clonesInto: true,
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
      try {
        makeCgroup(path);
      } catch (error) {
        if (!isRefused(error) || !filter.isRootless()) throw error;
        if (spec.linux?.cgroupsPath || plan.limits.length > 0) throw needsPermission(error);
        return false;
      }
      applyCgroupPlan(path, plan);
      return true;
    },
    open: () => openCgroup(path),
    // It takes the kernel longer than all limits together: the stage works meanwhile.
    filterDevices: () => setDeviceFilter(path, plan.filter, filter),
    undo: () => removeCgroup(place),
  };
}

function isRefused(error: unknown): error is RuntError {
  return error instanceof RuntError && ["EACCES", "EPERM", "EROFS"].includes(error.record.errno ?? "");
}

/** The text is runc's. */
function needsPermission({ record }: RuntError): RuntError {
  return new RuntError({
    ...record,
    what: `rootless needs no limits + no cgrouppath when no permission is granted for cgroups: ${record.what}`,
    hint: "use --systemd-cgroup, or start runt in a delegated cgroup: systemd-run --user --scope --property=Delegate=yes",
  });
}
