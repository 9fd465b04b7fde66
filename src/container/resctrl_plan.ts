// `linux.intelRdt` as directories and lines of a resctrl filesystem. Pure: what there is already, others look up.

import type { LinuxIntelRdt } from "../spec/types.ts";

export interface ResctrlPlan {
  /** Directory of the class of service. */
  readonly group: string;
  /** `new`: the container's own. `old`: of others. `either`: made where it is missing, and left. */
  readonly is: "new" | "old" | "either";
  /** For its file `schemata`, in order. */
  readonly schemata: readonly string[];
  /** Directory of the container's monitoring group, which is its own. */
  readonly monitor: string | undefined;
}

/** Where resctrl is mounted, according to proc_pid_mountinfo(5). */
export function resctrlRoot(mountinfo: string): string | undefined {
  for (const line of mountinfo.split("\n")) {
    const [mount = "", filesystem = ""] = line.split(" - ");
    if (filesystem.split(" ")[0] === "resctrl") return unescapePath(mount.split(" ")[4] ?? "");
  }
  return undefined;
}

/** Space, tab, newline and backslash are written in octal. */
function unescapePath(path: string): string {
  const [first = "", ...rest] = path.split("\\");
  return (
    first +
    rest.map((part) => String.fromCharCode(Number.parseInt(part.slice(0, 3), 8)) + part.slice(3)).join("")
  );
}

export function planResctrl(root: string, id: string, rdt: LinuxIntelRdt): ResctrlPlan {
  const { closID, l3CacheSchema, memBwSchema, enableMonitoring = false } = rdt;
  const schemata = [l3CacheSchema, memBwSchema, ...(rdt.schemata ?? [])].filter((line) => line !== undefined);
  const group = closID === "/" ? root : `${root}/${closID ?? id}`;
  const monitor = enableMonitoring ? `${group}/mon_groups/${id}` : undefined;
  if (closID === undefined) return { group, is: "new", schemata, monitor };
  return { group, is: schemata.length > 0 && closID !== "/" ? "either" : "old", schemata, monitor };
}

/** The line of `wanted` that `schemata`, the text of that file, does not agree with. */
export function schemaMismatch(schemata: string, wanted: readonly string[]): string | undefined {
  const found = new Map(schemata.split("\n").map(parseSchema));
  return wanted.find((line) => {
    const [resource, values] = parseSchema(line);
    const existing = found.get(resource);
    return [...values].some(([domain, value]) => existing?.get(domain) !== value);
  });
}

/** `L3:0=ff;1=0F` has a value for each domain of a resource. */
function parseSchema(line: string): readonly [string, ReadonlyMap<string, string>] {
  const [resource = "", domains = ""] = line.trim().split(":");
  const pairs = domains.split(";").map((pair) => {
    const [domain = "", value = ""] = pair.trim().split("=");
    return [
      domain,
      value
        .trim()
        .toLowerCase()
        .replace(/^0+(?=.)/, ""),
    ] as const;
  });
  return [resource, new Map(pairs)];
}
