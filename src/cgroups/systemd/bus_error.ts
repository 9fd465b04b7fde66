// What goes wrong on a bus, in the words of who runs containers.

import { RuntError } from "../../error.ts";
import { quote } from "../../quote.ts";
import type { Message } from "./dbus/message.ts";
import { unmarshalPart } from "./dbus/unmarshal.ts";

const SYSTEMD = "org.freedesktop.systemd1";
const DBUS = "org.freedesktop.DBus.Error";
export const UNIT_EXISTS = `${SYSTEMD}.UnitExists`;
export const NO_SUCH_UNIT = `${SYSTEMD}.NoSuchUnit`;

const NO_SYSTEMD =
  "systemd is not on this bus: use the cgroupfs driver, or see DBUS_SYSTEM_BUS_ADDRESS and DBUS_SESSION_BUS_ADDRESS";
const NOT_ALLOWED = "as root, systemd's own socket is asked; users have a service manager of their own";
const BUSY = "systemd is busy or hangs: systemctl list-jobs shows what it is at";

const HINTS: Readonly<Record<string, string>> = {
  [UNIT_EXISTS]:
    "another container or service has this name: stop it with systemctl stop, or change cgroupsPath",
  [`${DBUS}.ServiceUnknown`]: NO_SYSTEMD,
  [`${DBUS}.NameHasNoOwner`]: NO_SYSTEMD,
  [`${DBUS}.UnknownMethod`]: NO_SYSTEMD,
  [`${DBUS}.UnknownObject`]: NO_SYSTEMD,
  [`${DBUS}.Spawn.ChildExited`]: NO_SYSTEMD,
  [`${DBUS}.AccessDenied`]: NOT_ALLOWED,
  [`${DBUS}.InteractiveAuthorizationRequired`]: NOT_ALLOWED,
  [`${DBUS}.PropertyReadOnly`]:
    "this version of systemd cannot set it: see org.systemd.property.* in the annotations",
  [`${DBUS}.NoReply`]: BUSY,
};

/** An error that was the answer to a method call. */
export class BusError extends RuntError {
  /** `org.freedesktop.systemd1.UnitExists` */
  readonly errorName: string;

  constructor(what: string, message: Message) {
    const errorName = message.errorName ?? "an error without a name";
    const hint = HINTS[errorName];
    super({ what, why: `${quote(errorName, 100).slice(1, -1)}: ${text(message)}`, ...(hint && { hint }) });
    this.errorName = errorName;
  }
}

/** The first string of the body is for people, if there is one. */
function text({ signature, body }: Message): string {
  const [first] = signature.startsWith("s") ? unmarshalPart("s", body).values : [];
  return typeof first === "string"
    ? quote(first, 500).slice(1, -1).replaceAll('\\"', '"')
    : "without a reason";
}

export function disconnected(what: string): RuntError {
  const why = "the bus has closed the connection";
  return new RuntError({
    what,
    why,
    hint: "systemd or the bus may have been restarted meanwhile: try again",
  });
}

export function unanswered(what: string): RuntError {
  return new RuntError({ what, why: "systemd has not answered in time", hint: BUSY });
}
