// linux.resources.rdma: handles and objects of a network card that reads and writes memory by itself.

import { join } from "../../spec/check.ts";
import type { LinuxRdma, StringMap } from "../../spec/types.ts";
import type { Limit } from "./limit.ts";

export function compileRdma(devices: StringMap<LinuxRdma>, pointer: string): readonly Limit[] {
  return Object.entries(devices).map(([device, { hcaHandles, hcaObjects }]) => {
    const limits = [
      ...(hcaHandles === undefined ? [] : [`hca_handle=${hcaHandles}`]),
      ...(hcaObjects === undefined ? [] : [`hca_object=${hcaObjects}`]),
    ];
    return { file: "rdma.max", value: [device, ...limits].join(" "), pointer: join(pointer, device) };
  });
}
