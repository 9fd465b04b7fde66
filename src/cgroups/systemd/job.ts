// Jobs of systemd: the answer to a call says that the work is queued, a signal says what became of it.

import type { Reply } from "./bus.ts";
import { callBus, type Systemd } from "./connect.ts";
import { type Message, readBody } from "./dbus/message.ts";

const INTERFACE = "org.freedesktop.systemd1.Manager";
const MEMBER = "JobRemoved";
/** Id and path of the job, its unit, its result. */
const TYPES = "uoss";
const PATH = "/org/freedesktop/systemd1";

/**
 * Before the call that makes the job, so that its signal cannot be missed. A bus passes only those of this unit on: with
 * many containers that start at once, the signals of all of them would keep everybody busy.
 */
export function expectJobs(systemd: Systemd, unit: string): void {
  systemd.bus.want((signal) => isJobRemoved(signal) && jobOf(signal).unit === unit);
  if (systemd.isDirect) return;
  const sender = "org.freedesktop.systemd1";
  const rule = `type='signal',sender='${sender}',path='${PATH}',interface='${INTERFACE}',member='${MEMBER}',arg2='${unit}'`;
  callBus(systemd, "AddMatch", "s", [rule]);
}

/** The result of the job that `reply` names: `done`, `failed`, `canceled`, `timeout`, `dependency`, `skipped`. */
export function awaitJob({ bus }: Systemd, { values, sender }: Reply, doing: string): string {
  for (;;) {
    const signal = bus.signal(doing);
    const { job, result } = jobOf(signal);
    // Anybody on a bus may send us a signal, but only the bus says from whom it is.
    if (job === values[0] && signal.sender === sender) return result;
  }
}

function isJobRemoved(signal: Message): boolean {
  const { path, member, signature } = signal;
  return signal.interface === INTERFACE && member === MEMBER && path === PATH && signature === TYPES;
}

function jobOf(signal: Message): { readonly job: string; readonly unit: string; readonly result: string } {
  const [, job, unit, result] = readBody(signal, TYPES);
  return { job: job as string, unit: unit as string, result: result as string };
}
