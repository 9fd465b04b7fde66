// linux.resources as a whole: what is written to which file of the cgroup, in which order, and what of it has to be
// refused. All of it is known before the first effect.

import type { ErrorRecord } from "../../error.ts";
import type { LinuxResources } from "../../spec/types.ts";
import { compileCpu, compileCpuset } from "./cpu.ts";
import { compileHugetlb } from "./hugetlb.ts";
import { compileIo } from "./io.ts";
import { legacyWarnings } from "./legacy.ts";
import type { Limit } from "./limit.ts";
import { compileMemory, compileUsageChecks, type UsageCheck } from "./memory.ts";
import { compilePids } from "./pids.ts";
import { compileRdma } from "./rdma.ts";
import { compileUnified } from "./unified.ts";

export interface ResourcePlan {
  /** In the order in which they are written. */
  readonly limits: readonly Limit[];
  /** Made before the first of them is written. */
  readonly usageChecks: readonly UsageCheck[];
  /** What was asked for and cgroup v2 does not have. */
  readonly warnings: readonly ErrorRecord[];
}

const UNLIMITED: ResourcePlan = { limits: [], usageChecks: [], warnings: [] };

/**
 * Of a part of the resources too: what is not there stays as it is. Devices are not in it, see devices/filter.ts.
 *
 * @param pointer of `resources`: empty for a file of `update`, which has nothing around it
 * @throws RuntError where two limits exclude each other
 */
export function compileResources(resources: LinuxResources, pointer = "/linux/resources"): ResourcePlan {
  // Many containers have no limits, but the devices that are not looked at here.
  if (Object.keys(resources).every((name) => name === "devices")) return UNLIMITED;
  const { memory = {}, cpu = {}, pids = {}, blockIO = {}, hugepageLimits = [] } = resources;
  const { rdma = {}, unified = {} } = resources;
  return {
    limits: [
      ...compilePids(pids, `${pointer}/pids`),
      ...compileMemory(memory, `${pointer}/memory`),
      ...compileIo(blockIO, `${pointer}/blockIO`),
      ...compileCpu(cpu, `${pointer}/cpu`),
      ...compileCpuset(cpu, `${pointer}/cpu`),
      ...compileHugetlb(hugepageLimits, `${pointer}/hugepageLimits`),
      ...compileRdma(rdma, `${pointer}/rdma`),
      ...compileUnified(unified, `${pointer}/unified`),
    ],
    usageChecks: compileUsageChecks(memory, `${pointer}/memory`),
    warnings: legacyWarnings(resources, pointer),
  };
}
