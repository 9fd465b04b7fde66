// `linux.resources` as properties of a unit. systemd writes what it knows of a unit to the cgroup whenever it reloads
// its configuration: a limit that it was not told would be lost then. What it has no property for it leaves alone.

import type { LinuxMemory, LinuxPids, LinuxResources } from "../../../spec/types.ts";
import { cpuProperties } from "./cpu.ts";
import { deviceProperties } from "./devices.ts";
import { lastOfEach, limit, type Property, property, rejectProperty } from "./property.ts";
import { unifiedProperties } from "./unified.ts";

/** @param resources with the device rules that the device filter of the cgroup is made of */
export function resourceProperties(resources: LinuxResources): readonly Property[] {
  const { memory, cpu, pids, blockIO, devices, unified } = resources;
  const limits = lastOfEach([
    ...(memory === undefined ? [] : memoryProperties(memory)),
    ...(cpu === undefined ? [] : cpuProperties(cpu)),
    ...(pids === undefined ? [] : pidsProperties(pids)),
    ...(blockIO?.weight ? [ioWeight(BigInt(blockIO.weight))] : []),
    // Last, since a file that is named wins: config-linux.md, "Unified".
    ...(unified === undefined ? [] : unifiedProperties(unified)),
  ]);
  return devices === undefined ? limits : [...limits, ...deviceProperties(devices)];
}

/** 0 is "not set", -1 is unlimited. */
function memoryProperties({
  limit: max = 0n,
  reservation = 0n,
  swap = 0n,
}: LinuxMemory): readonly Property[] {
  const swapMax = swapLimit(max, swap);
  return [
    ...(max === 0n ? [] : [limit("MemoryMax", max)]),
    ...(reservation === 0n ? [] : [limit("MemoryLow", reservation)]),
    ...(swapMax === undefined ? [] : [limit("MemorySwapMax", swapMax)]),
  ];
}

/** `swap` counts memory and swap together, the property swap alone. */
function swapLimit(max: bigint, swap: bigint): bigint | undefined {
  const pointer = "/linux/resources/memory/swap";
  if (swap === 0n) return max < 0n ? -1n : undefined;
  if (swap < 0n) return -1n;
  if (max < 0n) return swap;
  if (max === 0n) rejectProperty(pointer, "unable to set swap limit without memory limit");
  if (swap < max) rejectProperty(pointer, `memory+swap limit ${swap} should be >= memory limit ${max}`);
  return swap - max;
}

/** systemd refuses 0, and nothing can fork with 1 either: the container's process itself counts. */
function pidsProperties({ limit: max }: LinuxPids): readonly Property[] {
  return max === undefined ? [] : [limit("TasksMax", max === 0n ? 1n : max)];
}

/** From the range of the bfq scheduler, 10 to 1000, to that of io.weight. */
function ioWeight(weight: bigint): Property {
  return property("IOWeight", "t", 1n + ((weight - 10n) * 9999n) / 990n);
}
