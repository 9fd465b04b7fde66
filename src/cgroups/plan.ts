// What a container's cgroup will be, as far as config.json says: its limits, its device filter and its owner.

import type { NamespacePlan } from "../namespaces/plan.ts";
import type { Process, Spec } from "../spec/types.ts";
import { compileDeviceFilter } from "./devices/filter.ts";
import { cgroupOwner } from "./owner.ts";
import { compileResources, type ResourcePlan } from "./resources/compile.ts";

export interface CgroupPlan extends ResourcePlan {
  /** Undefined if every device is allowed. A container without resources has the one of the default devices. */
  readonly filter: Uint8Array | undefined;
  /** A uid on the host, if the cgroup is given away. */
  readonly owner: number | undefined;
}

/** @throws RuntError where two limits exclude each other */
export function planCgroup(spec: Spec, process: Process, namespaces: NamespacePlan): CgroupPlan {
  const resources = spec.linux?.resources ?? {};
  return {
    ...compileResources(resources),
    filter: compileDeviceFilter(resources.devices ?? []),
    owner: cgroupOwner(spec, process, namespaces),
  };
}
