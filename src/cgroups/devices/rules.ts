// linux.resources.devices and what every container may use besides, as rules of which the first that matches decides.

import type { LinuxDeviceCgroup } from "../../spec/types.ts";

/** <linux/bpf.h>: BPF_DEVCG_ACC_MKNOD, _READ, _WRITE. */
export const ACCESS = { m: 1, r: 2, w: 4 } as const;
export const ALL_ACCESS = ACCESS.m | ACCESS.r | ACCESS.w;

export interface DeviceRule {
  readonly allow: boolean;
  /** Absent: both. */
  readonly type?: "b" | "c";
  /** Absent: all. */
  readonly major?: number;
  readonly minor?: number;
  /** Bits of ACCESS. */
  readonly access: number;
}

export interface DeviceRules {
  /** Of the rules that match, the first decides, each bit of the access for itself. */
  readonly rules: readonly DeviceRule[];
  /** What no rule decides. */
  readonly allowOthers: boolean;
}

/**
 * config-linux.md asks for the default devices, devpts and the console. Nodes may be made of any device, so that
 * images can be unpacked; opening them is another thing. /dev/net/tun is what people rely on: runc 1.2 took it away,
 * and 1.2.4 gave it back.
 */
const DEFAULT_RULES: readonly LinuxDeviceCgroup[] = [
  { allow: true, type: "c", access: "m" },
  { allow: true, type: "b", access: "m" },
  ...(
    [
      [1, 3],
      [1, 5],
      [1, 7],
      [1, 8],
      [1, 9],
      [5, 0],
      [5, 2],
      [10, 200],
    ] as const
  ).map(([major, minor]) => ({ allow: true, type: "c" as const, major, minor, access: "rwm" })),
  { allow: true, type: "c", major: 136, access: "rwm" },
];

/** All rules, in the order of config.json. */
export function withDefaultRules(configured: readonly LinuxDeviceCgroup[]): readonly LinuxDeviceCgroup[] {
  return [...configured, ...DEFAULT_RULES];
}

/**
 * Later entries win (config-linux.md: "MUST apply entries in the listed order"), the default ones over all, as in
 * runc: without them nothing works. What no entry decides is denied.
 */
export function orderRules(configured: readonly LinuxDeviceCgroup[]): DeviceRules {
  const rules: DeviceRule[] = [];
  let allowOthers = false;
  for (const rule of withDefaultRules(configured).map(ruleOf).reverse()) {
    if (decidesAll(rule)) {
      allowOthers = rule.allow;
      break;
    }
    if (!rules.some((later) => covers(later, rule))) rules.push(rule);
  }
  // The last ones in order that say what is said about all others.
  while (rules.at(-1)?.allow === allowOthers) rules.pop();
  return { rules, allowOthers };
}

function ruleOf({
  allow,
  type = "a",
  major = -1,
  minor = -1,
  access = "rwm",
}: LinuxDeviceCgroup): DeviceRule {
  return {
    allow,
    ...(type !== "a" && { type }),
    ...(major >= 0 && { major }),
    ...(minor >= 0 && { minor }),
    access: [...access].reduce((bits, letter) => bits | ACCESS[letter as keyof typeof ACCESS], 0),
  };
}

function decidesAll({ type, major, minor, access }: DeviceRule): boolean {
  return type === undefined && major === undefined && minor === undefined && access === ALL_ACCESS;
}

/** Whether `rule` decides nothing that `later` has not decided. */
function covers(later: DeviceRule, rule: DeviceRule): boolean {
  return (
    (later.access & rule.access) === rule.access &&
    (later.type === undefined || later.type === rule.type) &&
    (later.major === undefined || later.major === rule.major) &&
    (later.minor === undefined || later.minor === rule.minor)
  );
}
