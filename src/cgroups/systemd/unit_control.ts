// The container's unit: started with its process, changed, stopped.

import { RuntError } from "../../error.ts";
import { quote } from "../../quote.ts";
import type { Reply } from "./bus.ts";
import { BusError, NO_SUCH_UNIT, UNIT_EXISTS } from "./bus_error.ts";
import { callSystemd, type Systemd } from "./connect.ts";
import { isVariant } from "./dbus/marshal.ts";
import type { Value } from "./dbus/value.ts";
import { awaitJob, expectJobs } from "./job.ts";
import { knownTo, needVersion, type Property } from "./unit/property.ts";

const MANAGER = "org.freedesktop.systemd1.Manager";
const PROPERTIES = "org.freedesktop.DBus.Properties";
/** What systemd does with a job of the unit that is queued already. */
const MODE = "replace";

/**
 * Starts the unit, and waits until it runs: then the process is in its cgroup.
 * @throws BusError, or RuntError if the job fails or the deadline passes; the unit may be there even so
 */
export function startUnit(systemd: Systemd, unit: string, properties: readonly Property[]): void {
  const doing = `start systemd unit ${unit}`;
  const known = supported(systemd, properties);
  expectJobs(systemd, unit);
  const start = () => call(systemd, "StartTransientUnit", "ssa(sv)a(sa(sv))", [unit, MODE, known, []], doing);
  const result = awaitJob(systemd, withoutFailedUnit(systemd, unit, start), doing);
  if (result === "done") return;
  resetFailed(systemd, unit);
  throw new RuntError({
    what: doing,
    why: `its job ended with ${quote(result, 50)}`,
    hint: `systemctl status ${unit} and the journal say why`,
  });
}

/** A unit of that name that has failed, and that nobody has cleared, is in the way once. */
function withoutFailedUnit(systemd: Systemd, unit: string, start: () => Reply): Reply {
  try {
    return start();
  } catch (error) {
    if (!(error instanceof BusError) || error.errorName !== UNIT_EXISTS) throw error;
    resetFailed(systemd, unit);
    return start();
  }
}

/** Until the next start of the unit: nothing is written to disk. */
export function setUnitProperties(systemd: Systemd, unit: string, properties: readonly Property[]): void {
  if (properties.length === 0) return;
  const values = [unit, true, supported(systemd, properties)];
  call(systemd, "SetUnitProperties", "sba(sv)", values, `change systemd unit ${unit}`, "");
}

/**
 * Stops the unit, and waits until nothing is left of it. A process in it that ignores SIGTERM would delay that beyond
 * any deadline: kill what is in the cgroup first. A unit that is gone has stopped.
 */
export function stopUnit(systemd: Systemd, unit: string): void {
  const doing = `stop systemd unit ${unit}`;
  expectJobs(systemd, unit);
  const reply = unlessGone(() => call(systemd, "StopUnit", "ss", [unit, MODE], doing));
  const result = reply === undefined ? "done" : awaitJob(systemd, reply, doing);
  resetFailed(systemd, unit);
  if (result !== "done") throw new RuntError({ what: doing, why: `its job ended with ${quote(result, 50)}` });
}

function resetFailed(systemd: Systemd, unit: string): void {
  unlessGone(() => call(systemd, "ResetFailedUnit", "s", [unit], `clear systemd unit ${unit}`, ""));
}

function unlessGone(action: () => Reply): Reply | undefined {
  try {
    return action();
  } catch (error) {
    if (error instanceof BusError && error.errorName === NO_SUCH_UNIT) return undefined;
    throw error;
  }
}

/** As the bus wants them, without those that are too new for this systemd. */
function supported(systemd: Systemd, properties: readonly Property[]): readonly Value[] {
  const known = needVersion(properties) ? knownTo(readSystemdVersion(systemd), properties) : properties;
  return known.map(({ name, value }) => [name, value]);
}

/** 252 for `252.38-1~deb12u1`. */
export function readSystemdVersion(systemd: Systemd): number {
  const version = readProperty(systemd, "Version");
  const number = /^[^0-9]*([0-9]+)/.exec(version)?.[1];
  if (number !== undefined) return Number(number);
  throw new RuntError({ what: `found version ${quote(version, 50)} of systemd, expected a number` });
}

/** The cgroup that the service manager's slices are in, below the mount point; empty for the root cgroup. */
export function readControlGroup(systemd: Systemd): string {
  return readProperty(systemd, "ControlGroup");
}

function readProperty(systemd: Systemd, name: string): string {
  const doing = `read the property ${name} of systemd`;
  const request = { interface: PROPERTIES, member: "Get", signature: "ss", values: [MANAGER, name] };
  const [value] = systemd.bus.reply(callSystemd(systemd, request, doing), "v").values;
  if (isVariant(value) && typeof value.value === "string") return value.value;
  throw new RuntError({ what: doing, why: "it is no text" });
}

function call(
  systemd: Systemd,
  member: string,
  signature: string,
  values: readonly Value[],
  doing: string,
  answer = "o",
): Reply {
  const serial = callSystemd(systemd, { interface: MANAGER, member, signature, values }, doing);
  return systemd.bus.reply(serial, answer);
}
