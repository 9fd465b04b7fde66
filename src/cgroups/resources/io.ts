// linux.resources.blockIO: weights for the scheduler (BFQ's where it is loaded, those of the cost model otherwise) and
// limits per device.

import type { LinuxBlockIO, LinuxThrottleDevice } from "../../spec/types.ts";
import type { Limit } from "./limit.ts";

/** The lists of limits, and the key that each has in io.max. */
const THROTTLES = [
  ["throttleReadBpsDevice", "rbps"],
  ["throttleWriteBpsDevice", "wbps"],
  ["throttleReadIOPSDevice", "riops"],
  ["throttleWriteIOPSDevice", "wiops"],
] as const;

export function compileIo(blockIO: LinuxBlockIO, pointer: string): readonly Limit[] {
  const { weight = 0, weightDevice = [] } = blockIO;
  return [
    ...compileWeight("", weight, `${pointer}/weight`),
    ...weightDevice.flatMap((device, index) =>
      compileWeight(
        `${device.major}:${device.minor} `,
        device.weight ?? 0,
        `${pointer}/weightDevice/${index}/weight`,
      ),
    ),
    ...THROTTLES.flatMap(([list, key]) =>
      (blockIO[list] ?? []).map((device, index) => throttle(device, key, `${pointer}/${list}/${index}/rate`)),
    ),
  ];
}

/** @param device `8:0 `, or nothing for all; a weight of 0 is "not set" */
function compileWeight(device: string, weight: number, pointer: string): readonly Limit[] {
  if (weight === 0) return [];
  const instead = { file: "io.weight", value: `${device}${ioWeight(weight)}` };
  return [{ file: "io.bfq.weight", value: `${device}${weight}`, pointer, instead }];
}

/** From 10 to 1000 to 1 to 10000, a straight line. Less than 10 was no weight in version 1. */
export function ioWeight(weight: number): number {
  return weight <= 10 ? 1 : 1 + Math.floor(((weight - 10) * 9999) / 990);
}

/** A rate of 0 is none. */
function throttle({ major, minor, rate }: LinuxThrottleDevice, key: string, pointer: string): Limit {
  const none = rate === 0n;
  return {
    file: "io.max",
    value: `${major}:${minor} ${key}=${none ? "max" : rate}`,
    pointer,
    ...(none && { optional: true }),
  };
}
