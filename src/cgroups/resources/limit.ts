// What a limit of config.json is on cgroup v2: a value for a file of the container's cgroup. The converters beside
// this file are pure; apply.ts writes what they return, in their order.

export interface Limit {
  /** Name of the file in the container's cgroup: `memory.max`. */
  readonly file: string;
  /** As written, without a newline at the end. */
  readonly value: string;
  /** Of the field of config.json that asks for it. */
  readonly pointer: string;
  /** For a kernel that has no such file: another one that means the same. */
  readonly instead?: Pick<Limit, "file" | "value">;
  /** No error where the file is missing: it says what is true without it, such as `max`. */
  readonly optional?: boolean;
}

/** The controller that a file belongs to; undefined for the files that every cgroup has. */
export function controllerOf(file: string): string | undefined {
  const name = file.slice(0, file.indexOf("."));
  return name === "cgroup" ? undefined : name;
}

/** Of the limits that must be honoured, with the first limit that needs each. */
export function neededControllers(limits: readonly Limit[]): ReadonlyMap<string, Limit> {
  const needed = new Map<string, Limit>();
  for (const limit of limits) {
    const controller = controllerOf(limit.file);
    if (controller === undefined || limit.optional || needed.has(controller)) continue;
    needed.set(controller, limit);
  }
  return needed;
}
