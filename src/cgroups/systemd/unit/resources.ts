// `linux.resources` as properties of a unit. systemd writes what it knows of a unit to the cgroup whenever it reloads
// its configuration: a limit that it was not told would be lost then. What it has no property for it leaves alone.

import type { LinuxMemory, LinuxPids, LinuxResources } from "../../../spec/types.ts";
import { ioWeight } from "../../resources/io.ts";
import { swapAlone } from "../../resources/memory.ts";
import { cpuProperties } from "./cpu.ts";
import { deviceProperties } from "./devices.ts";
import { lastOfEach, limit, type Property, property } from "./property.ts";
import { unifiedProperties } from "./unified.ts";

/** @param resources with the device rules that the device filter of the cgroup is made of */
export function resourceProperties(resources: LinuxResources): readonly Property[] {
  const { memory, cpu, pids, blockIO, devices, unified } = resources;
  const limits = lastOfEach([
    ...(memory === undefined ? [] : memoryProperties(memory)),
    ...(cpu === undefined ? [] : cpuProperties(cpu)),
    ...(pids === undefined ? [] : pidsProperties(pids)),
    ...(blockIO?.weight ? [property("IOWeight", "t", BigInt(ioWeight(blockIO.weight)))] : []),
    // Last, since a file that is named wins: config-linux.md, "Unified".
    ...(unified === undefined ? [] : unifiedProperties(unified)),
  ]);
  return devices === undefined ? limits : [...limits, ...deviceProperties(devices)];
}

/** 0 is "not set", -1 is unlimited. */
function memoryProperties(memory: LinuxMemory): readonly Property[] {
  const { limit: max = 0n, reservation = 0n } = memory;
  const swapMax = swapAlone(memory, "/linux/resources/memory");
  return [
    ...(max === 0n ? [] : [limit("MemoryMax", max)]),
    ...(reservation === 0n ? [] : [limit("MemoryLow", reservation)]),
    ...(swapMax === undefined ? [] : [limit("MemorySwapMax", swapMax)]),
  ];
}

/** systemd refuses 0, and nothing can fork with 1 either: the container's process itself counts. */
function pidsProperties({ limit: max }: LinuxPids): readonly Property[] {
  return max === undefined ? [] : [limit("TasksMax", max === 0n ? 1n : max)];
}
