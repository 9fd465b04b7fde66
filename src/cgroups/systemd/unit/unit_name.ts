// `linux.cgroupsPath` with the systemd driver: `slice:prefix:name`, as runc has it and engines write it.

import { quote } from "../../../quote.ts";
import { rejectProperty } from "./property.ts";
import { cgroupName, escapeUnitName, expandSlice, isUnitName, parentSlice } from "./slice.ts";

const POINTER = "/linux/cgroupsPath";
const FORM =
  'write "slice:prefix:name", like "system.slice:runt:c1", or leave it out; without the systemd driver, a path';

export interface Unit {
  /** `prefix-name.scope`, or a slice. */
  readonly name: string;
  readonly kind: "scope" | "slice";
  /** That the unit lies in. */
  readonly slice: string;
  /** Path of its cgroup, below that of the service manager: `/machine.slice/libpod-c1.scope`. */
  readonly path: string;
}

/**
 * @param cgroupsPath absent or empty: our own choice
 * @param rootless whether the unit will be one of a user's service manager
 * @throws RuntError if systemd could have no such unit
 */
export function parseCgroupsPath(cgroupsPath: string | undefined, id: string, rootless: boolean): Unit {
  const defaultSlice = rootless ? "user.slice" : "system.slice";
  if (cgroupsPath === undefined || cgroupsPath === "") {
    return scope(defaultSlice, `runt-${escapeUnitName(id)}.scope`);
  }
  const parts = cgroupsPath.split(":");
  const [slice = "", prefix = "", name = ""] = parts;
  if (parts.length !== 3 || name === "") {
    const found = quote(cgroupsPath, 200);
    const what = `expected cgroupsPath to be of format "slice:prefix:name" for systemd cgroups, got ${found} instead`;
    rejectProperty(POINTER, what, FORM);
  }
  if (name.endsWith(".slice")) return sliceUnit(slice, name);
  return scope(slice || defaultSlice, prefix === "" ? `${name}.scope` : `${prefix}-${name}.scope`);
}

function scope(slice: string, name: string): Unit {
  if (!isUnitName(name)) {
    rejectProperty(
      POINTER,
      `${quote(name, 300)} cannot be the name of a systemd unit`,
      "it has at most 255 characters: letters, digits, and those of :-_.\\",
    );
  }
  return { name, kind: "scope", slice, path: `${expandSlice(slice, POINTER)}/${cgroupName(name)}` };
}

/** The name of a slice alone says where it is. */
function sliceUnit(slice: string, name: string): Unit {
  const parent = parentSlice(name);
  if (slice !== "" && slice !== parent) {
    rejectProperty(
      POINTER,
      `the slice ${quote(name, 300)} lies in ${parent} by its name, not in ${quote(slice, 300)}`,
    );
  }
  const path = expandSlice(name, POINTER);
  if (path === "") rejectProperty(POINTER, "the root slice cannot be the cgroup of a container");
  return { name, kind: "slice", slice: parent, path };
}
