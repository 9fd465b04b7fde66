// Where systemd puts a unit in the tree of cgroups: systemd.slice(5), and the escaping of names that would be those of
// the kernel's own files.

import { rejectProperty } from "./property.ts";

/** Names with a dot after one of these are files of a cgroup, like `memory.max`. */
const CONTROLLERS = [
  "cpu",
  "cpuacct",
  "cpuset",
  "io",
  "blkio",
  "memory",
  "devices",
  "pids",
  "bpf-firewall",
  "bpf-devices",
  "bpf-foreign",
  "bpf-socket-bind",
  "bpf-restrict-network-interfaces",
  "bpf-bind-network-interface",
];
const RESERVED = ["notify_on_release", "release_agent", "tasks"];

/** `a-b.slice` lies in `a.slice`: `/a.slice/a-b.slice`. That of the root slice is empty. */
export function expandSlice(slice: string, pointer: string): string {
  if (slice === "-.slice") return "";
  const name = slice.endsWith(".slice") ? slice.slice(0, -".slice".length) : "";
  const parts = name.split("-");
  if (!isUnitName(slice) || parts.includes("")) {
    rejectProperty(
      pointer,
      `invalid slice name: ${JSON.stringify(slice)}`,
      'a slice is called like "machine.slice", or "a-b.slice" for one in "a.slice"',
    );
  }
  const names = parts.map((_, index) => `${parts.slice(0, index + 1).join("-")}.slice`);
  return names.map((part) => `/${cgroupName(part)}`).join("");
}

/** The slice that a slice lies in, by its name. */
export function parentSlice(slice: string): string {
  const dash = slice.lastIndexOf("-");
  return dash <= 0 ? "-.slice" : `${slice.slice(0, dash)}.slice`;
}

/** The directory's name for a unit. */
export function cgroupName(unit: string): string {
  const dot = unit.lastIndexOf(".");
  const escaped =
    /^[_.]|^cgroup\./.test(unit) || RESERVED.includes(unit) || CONTROLLERS.includes(unit.slice(0, dot));
  return escaped ? `_${unit}` : unit;
}

/** systemd.unit(5): 255 characters of these. */
export function isUnitName(name: string): boolean {
  return name.length <= 255 && /^[A-Za-z0-9:_.\\-]+\.[a-z]+$/.test(name);
}

/** As systemd-escape(1), but `-` and `/` are kept: the text becomes a part of a unit's name, and was no path. */
export function escapeUnitName(text: string): string {
  return [...text]
    .map((char) =>
      /[A-Za-z0-9:_.-]/.test(char) ? char : `\\x${char.charCodeAt(0).toString(16).padStart(2, "0")}`,
    )
    .join("");
}
