// `linux.intelRdt`: the class of service and the monitoring group that the container's process is put into, as
// directories of the host's resctrl filesystem.

import { AT_REMOVEDIR } from "../abi/constants.ts";
import { RuntError } from "../error.ts";
import type { Context } from "../kernel/call.ts";
import {
  CWD,
  makeDirectory,
  readFile,
  readFileIfExists,
  remove,
  statPath,
  writeValue,
} from "../kernel/file.ts";
import { parseSpec } from "../spec/parse.ts";
import type { Prepared } from "./prepare.ts";
import type { ContainerRecord } from "./record.ts";
import { planResctrl, type ResctrlPlan, resctrlRoot, schemaMismatch } from "./resctrl_plan.ts";
import { type LockedDirectory, readConfig, writeRecord } from "./store.ts";
import { Undo } from "./undo.ts";

const POINTER = "/linux/intelRdt";

export interface Resctrl {
  /** The container's own directories, in the order in which they can be removed. */
  readonly directories: readonly string[];
  readonly make: (undo: Undo) => void;
  readonly adopt: (pid: number) => void;
}

/** undefined for a container that has none. @throws RuntError where there is no resctrl, or no such class */
export function openResctrl({ id, spec }: Prepared): Resctrl | undefined {
  const rdt = spec.linux?.intelRdt;
  if (rdt === undefined) return undefined;
  const root = findRoot();
  if (root === undefined) {
    throw new RuntError({
      pointer: POINTER,
      what: "Intel RDT is asked for, and no resctrl filesystem is mounted",
      hint: "on a processor that has it: mount -t resctrl resctrl /sys/fs/resctrl",
    });
  }
  const plan = planResctrl(root, id, rdt);
  if (plan.is === "old" && typeof statPath(plan.group) === "number") {
    const what = `there is no class of service ${rdt.closID}`;
    const hint = `make ${plan.group}, or give its schemata in config.json`;
    throw new RuntError({ pointer: `${POINTER}/closID`, what, hint });
  }
  const { group, monitor } = plan;
  return {
    directories: [...(monitor === undefined ? [] : [monitor]), ...(plan.is === "new" ? [group] : [])],
    make: (undo) => make(root, plan, undo),
    adopt: (pid) => {
      for (const directory of monitor === undefined ? [group] : [group, monitor]) {
        const context = { what: `put the container's process into ${directory}`, pointer: POINTER };
        explained(root, () => writeValue(`${directory}/tasks`, String(pid), { context }));
      }
    },
  };
}

function findRoot(): string | undefined {
  return resctrlRoot(readFile("/proc/self/mountinfo"));
}

/** Of `update`: lines, or nothing where a resource stays as it is. */
export interface NewSchemata {
  readonly l3CacheSchema: string | undefined;
  readonly memBwSchema: string | undefined;
}

/** Messages of runc, and the directory of `info` that says whether the processor has it. */
const RESOURCES = {
  l3CacheSchema: ["Intel RDT/CAT: l3 cache schema", "L3"],
  memBwSchema: ["Intel RDT/MBA: memory bandwidth schema", "MB"],
} as const;

/** Checks what can be checked, and returns what changes the class of service of a container. */
export function openResctrlUpdate(
  wanted: NewSchemata,
): (directory: LockedDirectory, record: ContainerRecord) => void {
  const root = findRoot();
  const lines: string[] = [];
  for (const field of ["l3CacheSchema", "memBwSchema"] as const) {
    const line = wanted[field];
    const [what, info] = RESOURCES[field];
    if (!line) continue;
    if (root === undefined || typeof statPath(`${root}/info/${info}`) === "number") {
      throw new RuntError({ what: `${what} is not enabled`, hint: "see /proc/cpuinfo, and mount resctrl" });
    }
    if (line.includes("\n")) throw new RuntError({ what: `${what} has to be one line` });
    lines.push(line);
  }
  return (directory, record) => update(root ?? "", lines, directory, record);
}

/** A container without a class of service gets one of its own, as in runc. */
function update(
  root: string,
  lines: readonly string[],
  directory: LockedDirectory,
  { init, ...record }: ContainerRecord,
): void {
  const rdt = parseSpec(readConfig(directory)).spec.linux?.intelRdt;
  const { group } = planResctrl(root, record.id, rdt ?? {});
  const undo = new Undo();
  try {
    if (rdt === undefined && record.resctrl === undefined) {
      undo.push(() => writeRecord(directory, record));
      writeRecord(directory, { ...record, resctrl: [group] });
      if (!makeGroup(root, group, "", undo)) {
        throw new RuntError({ pointer: POINTER, what: `${group} is there already` });
      }
      const context = { what: `put the container's process into ${group}`, pointer: POINTER };
      explained(root, () => writeValue(`${group}/tasks`, String(init?.pid), { context }));
    }
    writeSchemata(root, group, lines);
  } catch (error) {
    undo.run();
    throw error;
  }
}

function make(root: string, { group, is, schemata, monitor }: ResctrlPlan, undo: Undo): void {
  const isMade = is !== "old" && makeGroup(root, group, "/closID", undo);
  if (is === "new" && !isMade) {
    throw new RuntError({
      pointer: POINTER,
      what: `${group} is there already`,
      hint: "give closID to use it",
    });
  }
  if (schemata.length > 0) {
    if (isMade) writeSchemata(root, group, schemata);
    else requireSchemata(group, schemata);
  }
  if (monitor === undefined || makeGroup(root, monitor, "/enableMonitoring", undo)) return;
  throw new RuntError({ pointer: `${POINTER}/enableMonitoring`, what: `${monitor} is there already` });
}

/** False where it is there. */
function makeGroup(root: string, path: string, field: string, undo: Undo): boolean {
  const made = explained(root, () => withPointer(field, () => makeDirectory(path, 0o755)));
  if (made) undo.push(() => remove(path, CWD, AT_REMOVEDIR));
  return made;
}

function writeSchemata(root: string, group: string, schemata: readonly string[]): void {
  const context: Context = { what: `write ${schemata.join(", ")} to ${group}/schemata`, pointer: POINTER };
  explained(root, () => writeValue(`${group}/schemata`, `${schemata.join("\n")}\n`, { context }));
}

function requireSchemata(group: string, schemata: readonly string[]): void {
  const wrong = schemaMismatch(readFile(`${group}/schemata`), schemata);
  if (wrong === undefined) return;
  throw new RuntError({
    pointer: POINTER,
    what: `${group} is there already, and its schemata are not ${wrong}`,
    hint: "choose another closID, or leave the schemata out to use it as it is",
  });
}

function withPointer<T>(field: string, body: () => T): T {
  try {
    return body();
  } catch (error) {
    throw error instanceof RuntError ? new RuntError({ ...error.record, pointer: POINTER + field }) : error;
  }
}

/** An errno of resctrl says little; why it was, the kernel writes to a file. */
function explained<T>(root: string, body: () => T): T {
  try {
    return body();
  } catch (error) {
    const why = readFileIfExists(`${root}/info/last_cmd_status`)?.trim();
    const isKnown = error instanceof RuntError && why !== undefined && why !== "" && why !== "ok";
    throw isKnown ? new RuntError({ ...error.record, why }) : error;
  }
}
