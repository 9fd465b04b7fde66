// Which service manager has the container's unit, and by which sockets it may be reached.

import { parseAddresses } from "../dbus/address.ts";

export type ServiceManager = "system" | "user";

export interface BusEnvironment {
  /** Effective uid, in our user namespace. */
  readonly uid: number;
  /** Text of /proc/self/uid_map. */
  readonly uidMap: string;
  readonly DBUS_SYSTEM_BUS_ADDRESS?: string | undefined;
  readonly DBUS_SESSION_BUS_ADDRESS?: string | undefined;
  readonly XDG_RUNTIME_DIR?: string | undefined;
}

export interface BusSocket {
  /** As in unix(7): an abstract name begins with NUL. */
  readonly path: string;
  /** systemd itself is at the other end, and no bus between. */
  readonly isDirect: boolean;
}

/** user_namespaces(7): the uid that we have outside of our user namespace, where systemd is. */
export function outsideUid({ uid, uidMap }: BusEnvironment): number {
  for (const line of uidMap.split("\n")) {
    const [inside = 0, outside = 0, size = 0] = line.trim().split(/ +/).map(Number);
    if (uid >= inside && uid < inside + size) return outside + uid - inside;
  }
  return uid;
}

/** Root of a user namespace may not ask the system's service manager for anything. */
export function serviceManager(environment: BusEnvironment): ServiceManager {
  return outsideUid(environment) === 0 ? "system" : "user";
}

/**
 * In the order to try. The sockets of systemd itself come first, as for systemctl: they spare two copies of each message,
 * and a bus that others keep busy. Whoever sets an address of the system's bus wants it otherwise; that of a user's bus is
 * set in every session.
 */
export function busSockets(environment: BusEnvironment): readonly BusSocket[] {
  const { DBUS_SYSTEM_BUS_ADDRESS, DBUS_SESSION_BUS_ADDRESS, XDG_RUNTIME_DIR } = environment;
  if (serviceManager(environment) === "system") {
    if (DBUS_SYSTEM_BUS_ADDRESS) return buses(DBUS_SYSTEM_BUS_ADDRESS);
    return [direct("/run/systemd/private"), bus("/run/dbus/system_bus_socket")];
  }
  const directory = XDG_RUNTIME_DIR || `/run/user/${outsideUid(environment)}`;
  const session = DBUS_SESSION_BUS_ADDRESS ? buses(DBUS_SESSION_BUS_ADDRESS) : [bus(`${directory}/bus`)];
  return [direct(`${directory}/systemd/private`), ...session];
}

function buses(addresses: string): readonly BusSocket[] {
  return parseAddresses(addresses).map(bus);
}

function bus(path: string): BusSocket {
  return { path, isDirect: false };
}

function direct(path: string): BusSocket {
  return { path, isDirect: true };
}
