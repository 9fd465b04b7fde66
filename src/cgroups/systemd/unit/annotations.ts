// Annotations `org.systemd.property.NAME`: properties of the unit that the caller chooses, as in runc.

import { quote } from "../../../quote.ts";
import { join } from "../../../spec/check.ts";
import type { StringMap } from "../../../spec/types.ts";
import { marshal } from "../dbus/marshal.ts";
import { type Variant, variant } from "../dbus/value.ts";
import { parseGVariant } from "./gvariant.ts";
import { type Property, rejectProperty } from "./property.ts";

const PREFIX = "org.systemd.property.";
/** What decides which processes are in which cgroup, and is written in `linux.cgroupsPath`. */
const RESERVED = ["PIDs", "Slice"];
const HINT = "a value is GVariant text: true, 'text', uint64 5, ['a', 'b']";
const MICROSECONDS = 1_000_000;

export function annotationProperties(annotations: StringMap<string>): readonly Property[] {
  return Object.keys(annotations)
    .filter((key) => key.startsWith(PREFIX))
    .map((key) =>
      annotationProperty(key.slice(PREFIX.length), annotations[key] ?? "", join("/annotations", key)),
    );
}

function annotationProperty(name: string, text: string, pointer: string): Property {
  if (!/^[A-Za-z]{3,}$/.test(name)) {
    rejectProperty(pointer, `found property name ${quote(name, 100)}, expected at least three letters`);
  }
  if (RESERVED.includes(name)) rejectProperty(pointer, `the property ${name} follows from linux.cgroupsPath`);
  const value = parse(text, pointer);
  // Unit files have seconds, the bus has microseconds under another name.
  if (/[a-z]Sec$/.test(name)) {
    return { name: `${name.slice(0, -"Sec".length)}USec`, value: microseconds(value, text, pointer) };
  }
  return { name, value };
}

/** @throws RuntError with the place, also where a number is out of the range of its type */
function parse(text: string, pointer: string): Variant {
  try {
    const value = parseGVariant(text);
    marshal("v", [value]);
    return value;
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return rejectProperty(pointer, `cannot parse ${quote(text, 200)}: ${why}`, HINT);
  }
}

function microseconds({ value }: Variant, text: string, pointer: string): Variant {
  if (typeof value === "bigint" && value >= 0n && value <= 0xffff_ffff_ffffn) {
    return variant("t", value * BigInt(MICROSECONDS));
  }
  if (typeof value === "number" && value >= 0 && value <= 0xffff_ffff) {
    return variant("t", BigInt(Math.round(value * MICROSECONDS)));
  }
  return rejectProperty(pointer, `found ${quote(text, 100)}, expected a number of seconds`);
}
