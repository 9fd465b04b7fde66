// Device rules as DevicePolicy= and DeviceAllow=. systemd attaches a device filter of its own whenever it reloads, beside
// ours, and the kernel asks both: so its filter has to allow what ours allows. It cannot express every rule, and where it
// cannot, it allows more: ours is exact.

import type { LinuxDeviceCgroup } from "../../../spec/types.ts";
import { type Property, property } from "./property.ts";

interface Allowed {
  readonly type: "b" | "c";
  /** -1: all. */
  readonly major: number;
  readonly minor: number;
  readonly access: string;
}

const ALL = -1;
const EVERYTHING = "rwm";

/** @param rules in their order: the last one that matches a device counts, and none means denied */
export function deviceProperties(rules: readonly LinuxDeviceCgroup[]): readonly Property[] {
  const entries = new Map<string, Set<string>>();
  for (const entry of rules.reduce(apply, [])) {
    const name = specifier(entry);
    entries.set(name, new Set([...(entries.get(name) ?? []), ...entry.access]));
  }
  // An empty list takes back what an earlier call has allowed; one that is not empty only adds to that.
  const reset = property("DeviceAllow", "a(ss)", []);
  const isUnlimited = ["block-*", "char-*"].every((name) => entries.get(name)?.size === EVERYTHING.length);
  if (isUnlimited) return [property("DevicePolicy", "s", "auto"), reset];
  const list = [...entries].map(([name, access]) => [
    name,
    [...EVERYTHING].filter((letter) => access.has(letter)).join(""),
  ]);
  return [property("DevicePolicy", "s", "strict"), reset, property("DeviceAllow", "a(ss)", list)];
}

/** What is allowed after one more rule. A rule that denies a part of what is allowed changes nothing here. */
function apply(allowed: readonly Allowed[], rule: LinuxDeviceCgroup): readonly Allowed[] {
  const { type = "a", major = ALL, minor = ALL, access = EVERYTHING } = rule;
  const types = type === "a" ? (["b", "c"] as const) : ([type] as const);
  const rules = types.map((one) => ({ type: one, major, minor, access }));
  if (rule.allow) return [...allowed, ...rules];
  return rules.reduce(
    (left, denied) =>
      left.flatMap((entry) => {
        if (!covers(entry, denied)) return [entry];
        const rest = [...entry.access].filter((letter) => !denied.access.includes(letter)).join("");
        return rest === "" ? [] : [{ ...entry, access: rest }];
      }),
    allowed,
  );
}

/** Whether every device of `entry` is one of `rule`. */
function covers(entry: Allowed, rule: Allowed): boolean {
  return (
    entry.type === rule.type &&
    (rule.major === ALL || rule.major === entry.major) &&
    (rule.minor === ALL || rule.minor === entry.minor)
  );
}

/** systemd.resource-control(5), "DeviceAllow=": a path of a device, or a group by its major number. */
function specifier({ type, major, minor }: Allowed): string {
  const kind = type === "b" ? "block" : "char";
  // A minor number of all majors has no name: all devices of that kind.
  if (major === ALL) return `${kind}-*`;
  return minor === ALL ? `${kind}-${major}` : `/dev/${kind}/${major}:${minor}`;
}
