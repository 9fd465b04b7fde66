// Properties of a unit, as systemd takes them over D-Bus: org.freedesktop.systemd1(5).

import { RuntError } from "../../../error.ts";
import { INFINITY, type Variant, variant } from "../dbus/value.ts";

export interface Property {
  readonly name: string;
  readonly value: Variant;
  /** The first version of systemd that knows it, if there are hosts with an older one. */
  readonly since?: number;
}

export function property(name: string, signature: string, value: Variant["value"], since?: number): Property {
  return { name, value: variant(signature, value), ...(since !== undefined && { since }) };
}

/** One property of each name: the last one, which was given by who knows more. */
export function lastOfEach(properties: readonly Property[]): readonly Property[] {
  return [...new Map(properties.map((entry) => [entry.name, entry])).values()];
}

/** A limit in bytes or tasks; below 0 is unlimited. */
export function limit(name: string, value: bigint): Property {
  return property(name, "t", value < 0n ? INFINITY : value);
}

/** Whether the version of systemd has to be known before these can be sent. */
export function needVersion(properties: readonly Property[]): boolean {
  return properties.some(({ since }) => since !== undefined);
}

/** Those that this version knows. The cgroup's files, which are written as well, hold the rest until a reload. */
export function knownTo(version: number, properties: readonly Property[]): readonly Property[] {
  return properties.filter(({ since = 0 }) => since <= version);
}

export function rejectProperty(pointer: string, what: string, hint?: string): never {
  throw new RuntError({ pointer, what, ...(hint !== undefined && { hint }) });
}
