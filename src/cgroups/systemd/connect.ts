// The way to the service manager: the first socket of it that somebody listens on.

import { errnoName, errnoText } from "../../abi/errno.ts";
import { RuntError } from "../../error.ts";
import { attempt, type Fd } from "../../kernel/call.ts";
import { readFile } from "../../kernel/file.ts";
import { now } from "../../kernel/process.ts";
import { tryConnect } from "../../kernel/socket.ts";
import { type Bus, openBus } from "./bus.ts";
import type { MethodCall } from "./dbus/message.ts";
import type { Value } from "./dbus/value.ts";
import {
  type BusEnvironment,
  busSockets,
  type ServiceManager,
  serviceManager,
} from "./unit/service_manager.ts";

const DBUS = "org.freedesktop.DBus";
const SYSTEMD = "org.freedesktop.systemd1";

/** @param variable reads one of the environment */
export function readBusEnvironment(variable: (name: string) => string | undefined): BusEnvironment {
  return {
    uid: attempt("geteuid"),
    uidMap: readFile("/proc/self/uid_map"),
    DBUS_SYSTEM_BUS_ADDRESS: variable("DBUS_SYSTEM_BUS_ADDRESS"),
    DBUS_SESSION_BUS_ADDRESS: variable("DBUS_SESSION_BUS_ADDRESS"),
    XDG_RUNTIME_DIR: variable("XDG_RUNTIME_DIR"),
  };
}

/** A service manager, and the connection to it. */
export interface Systemd {
  readonly kind: ServiceManager;
  readonly bus: Bus;
  /** Without a bus between, all signals come, and nobody has a name. */
  readonly isDirect: boolean;
}

/**
 * @param milliseconds for everything that is done over this connection
 * @throws RuntError if there is no service manager
 */
export function connectSystemd(environment: BusEnvironment, milliseconds: number): Systemd {
  const deadline = now() + milliseconds;
  const kind = serviceManager(environment);
  const tried: string[] = [];
  for (const { path, isDirect } of busSockets(environment)) {
    const result = tryConnect(path, { milliseconds: Math.max(1, deadline - now()) });
    if (result < 0) {
      tried.push(`${path.replace("\0", "@")}: ${errnoText(errnoName(-result)) || errnoName(-result)}`);
      continue;
    }
    const bus = openBus(result as Fd, deadline);
    const systemd = { kind, bus, isDirect };
    if (!isDirect) callBus(systemd, "Hello", "", []);
    return systemd;
  }
  throw new RuntError({
    what: `connect to systemd's ${kind === "system" ? "service manager" : "service manager of this user"}`,
    why: tried.join("; ") || "no address of a unix socket is known",
    hint:
      kind === "system"
        ? "without systemd use the cgroupfs driver: leave --systemd-cgroup out"
        : "log in to a session of systemd, or loginctl enable-linger, and see XDG_RUNTIME_DIR; or use the cgroupfs driver",
  });
}

/** A method of the bus itself. It is answered before anything that is sent later, so nobody has to wait for it. */
export function callBus({ bus }: Systemd, member: string, signature: string, values: readonly Value[]): void {
  const call = {
    destination: DBUS,
    path: "/org/freedesktop/DBus",
    interface: DBUS,
    member,
    signature,
    values,
  };
  bus.send(call, `ask the bus: ${member}`);
}

/** A method of the service manager's object; its serial. */
export function callSystemd(
  { bus, isDirect }: Systemd,
  call: Pick<MethodCall, "interface" | "member" | "signature" | "values">,
  doing: string,
): number {
  const destination = isDirect ? {} : { destination: SYSTEMD };
  return bus.send({ ...destination, path: "/org/freedesktop/systemd1", ...call }, doing);
}
