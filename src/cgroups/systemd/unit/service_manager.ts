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
 * In the order to try. The sockets of systemd itself spare two copies of each message, and a bus that others keep busy;
 * an address in the environment says that somebody wants it otherwise.
 */
export function busSockets(environment: BusEnvironment): readonly BusSocket[] {
  if (serviceManager(environment) === "system") {
    return sockets(
      environment.DBUS_SYSTEM_BUS_ADDRESS,
      "/run/systemd/private",
      "/run/dbus/system_bus_socket",
    );
  }
  const directory = environment.XDG_RUNTIME_DIR || `/run/user/${outsideUid(environment)}`;
  return sockets(environment.DBUS_SESSION_BUS_ADDRESS, `${directory}/systemd/private`, `${directory}/bus`);
}

function sockets(address: string | undefined, direct: string, bus: string): readonly BusSocket[] {
  if (address) return parseAddresses(address).map((path) => ({ path, isDirect: false }));
  return [
    { path: direct, isDirect: true },
    { path: bus, isDirect: false },
  ];
}
