// The systemd driver alone, as a program: one operation as JSON in argv, its answer as JSON on standard output.

import { argv } from "runt:host";
import { connectSystemd, readBusEnvironment, type Systemd } from "../../../src/cgroups/systemd/connect.ts";
import {
  locateUnit,
  startContainerUnit,
  updateContainerUnit,
  withProcess,
} from "../../../src/cgroups/systemd/driver.ts";
import { unitProperties } from "../../../src/cgroups/systemd/unit/unit_properties.ts";
import { readSystemdVersion, startUnit, stopUnit } from "../../../src/cgroups/systemd/unit_control.ts";
import { print } from "../../../src/cli/environment.ts";
import { describe, RuntError } from "../../../src/error.ts";
import { attempt } from "../../../src/kernel/call.ts";
import { readVariable } from "../../../src/kernel/environment.ts";
import { parseJson } from "../../../src/spec/json.ts";
import { resources as parseResources } from "../../../src/spec/resources.ts";
import type { LinuxResources } from "../../../src/spec/types.ts";

export interface Request {
  readonly operation: "version" | "locate" | "start" | "start anywhere" | "update" | "stop";
  readonly cgroupsPath?: string;
  readonly id?: string;
  readonly pid?: number;
  readonly resources?: object;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly milliseconds?: number;
  /** In place of our own. */
  readonly uid?: number;
}

/** At build time: as in src/main.ts, but nothing is loaded, and no pages are known. */
export async function preload(): Promise<void> {}

export async function hotPages(): Promise<readonly Uint32Array[]> {
  return [new Uint32Array(), new Uint32Array()];
}

/** At build time: no containers are compiled here. */

export async function main(): Promise<never> {
  attempt("exit_group", answer(argv[1] ?? ""));
  throw new Error("the kernel does not end this process");
}

function answer(text: string): number {
  try {
    const request = JSON.parse(text) as Request;
    const own = readBusEnvironment(readVariable);
    const environment = request.uid === undefined ? own : { ...own, uid: request.uid };
    const systemd = connectSystemd(environment, request.milliseconds ?? 10_000);
    print(JSON.stringify(perform(systemd, request, text) ?? null));
    systemd.bus.close();
    return 0;
  } catch (error) {
    if (!(error instanceof RuntError)) {
      print(`bug: ${error} ${error instanceof Error ? error.stack : ""}`);
      return 2;
    }
    print(JSON.stringify({ error: describe(error.record), hint: error.record.hint }));
    return 1;
  }
}

function perform(systemd: Systemd, request: Request, text: string): unknown {
  const { operation, id = "c1", pid = 0, annotations = {} } = request;
  if (operation === "version") return readSystemdVersion(systemd);
  const unit = locateUnit(systemd, request.cgroupsPath, id);
  const resources = exactResources(text);
  const properties = unitProperties({ unit, id, annotations, ...(resources && { resources }) });
  if (operation === "start") startContainerUnit(systemd, { unit, properties, pid });
  if (operation === "start anywhere") startUnit(systemd, unit.name, withProcess(unit, properties, pid));
  if (operation === "update") updateContainerUnit(systemd, unit.name, resources ?? {});
  if (operation === "stop") stopUnit(systemd, unit.name);
  return unit;
}

/** With all bits of its numbers. */
function exactResources(text: string): LinuxResources | undefined {
  const { resources } = parseJson(text, "the request") as {
    readonly resources?: Parameters<typeof parseResources>[0];
  };
  return resources === undefined ? undefined : parseResources(resources, "/linux/resources");
}
