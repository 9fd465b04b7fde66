// `process.capabilities`: the five sets, as far as this runtime can grant them (config.md, "Linux Process").

import {
  PR_CAP_AMBIENT,
  PR_CAP_AMBIENT_CLEAR_ALL,
  PR_CAP_AMBIENT_RAISE,
  PR_CAPBSET_DROP,
} from "../abi/constants.ts";
import { words } from "../abi/structs.ts";
import type { ErrorRecord } from "../error.ts";
import { type Builder, data, type PartInputs } from "../program/builder.ts";
import { CAPABILITIES } from "../spec/capabilities.ts";
import type { LinuxCapabilities } from "../spec/types.ts";

/** Version 3 of capset(2): two words for each set. */
const CAPABILITY_VERSION = 0x20080522;

const SETS = ["bounding", "effective", "inheritable", "permitted", "ambient"] as const;
type SetName = (typeof SETS)[number];

/** Bit n is capability n. */
export type CapabilitySet = bigint;

export interface CapabilityPlan {
  readonly sets: Readonly<Record<SetName, CapabilitySet>>;
  /** The spec wants a warning, not an error, for what cannot be granted. Unknown names: see spec/process.ts. */
  readonly warnings: readonly ErrorRecord[];
}

/** @param grantable what the runtime has itself, or everything in a user namespace of the container's own */
export function planCapabilities(
  capabilities: LinuxCapabilities | undefined,
  grantable: CapabilitySet,
): CapabilityPlan {
  const warnings: ErrorRecord[] = [];
  const sets = { bounding: 0n, effective: 0n, inheritable: 0n, permitted: 0n, ambient: 0n };
  const refused = new Set<string>();
  for (const name of SETS) {
    for (const capability of capabilities?.[name] ?? []) {
      const bit = capabilityBit(capability);
      if (bit & grantable) sets[name] |= bit;
      else if (CAPABILITIES.has(capability)) refused.add(capability);
    }
  }
  warn(warnings, "/process/capabilities", [...refused]);
  // The kernel keeps these subsets itself and would refuse the rest: capset(2), capabilities(7).
  const limit = (name: SetName, to: CapabilitySet) => {
    const lost = numbersIn(sets[name] & ~to).map(nameOf);
    warn(warnings, `/process/capabilities/${name}`, lost);
    sets[name] &= to;
  };
  limit("effective", sets.permitted);
  limit("inheritable", sets.bounding);
  // Without a word: `runc spec` writes ambient capabilities that are not inheritable.
  sets.ambient &= sets.permitted & sets.inheritable;
  return { sets, warnings };
}

function warn(warnings: ErrorRecord[], pointer: string, names: readonly string[]): void {
  if (names.length > 0)
    warnings.push({ pointer, what: `ignoring unavailable capabilities: ${names.join(", ")}` });
}

function nameOf(capability: number): string {
  return [...CAPABILITIES].find(([, number]) => number === capability)?.[0] ?? String(capability);
}

/** Empty where the name is unknown. */
export function capabilityBit(name: string): CapabilitySet {
  return BITS.get(name) ?? 0n;
}

/** Every Linux that is new enough knows them. */
const KNOWN = [...CAPABILITIES.values()].reduce((set, number) => set | (1n << BigInt(number)), 0n);

const BITS = new Map([...CAPABILITIES].map(([name, number]) => [name, 1n << BigInt(number)]));

/** Needs CAP_SETPCAP, so it comes before the user changes. `current` is the set to be dropped from. */
export function compileBounding(b: Builder, plan: CapabilityPlan, current: CapabilitySet): void {
  const { bounding } = plan.sets;
  if ((current & ~bounding) === 0n) return;
  b.from("/process/capabilities/bounding");
  // Whatever the caller has lost itself may be dropped again: the program is the same for most callers.
  const detail = String((current | KNOWN) & ~bounding);
  b.part("bounding", { subject: null, detail, registers: [] }, compileDrop);
}

function compileDrop(b: Builder, { detail }: PartInputs): void {
  for (const capability of numbersIn(BigInt(detail))) b.call("prctl", [PR_CAPBSET_DROP, capability]);
}

/** Loading a filter of system calls needs it, or no_new_privs: seccomp(2). */
const CAP_SYS_ADMIN = 1n << 21n;

/** What a process without no_new_privs lacks of it in the end; empty where it has it anyway. */
export function lackedForSeccomp({ sets: { effective, permitted } }: CapabilityPlan): CapabilitySet {
  return effective & permitted & CAP_SYS_ADMIN ? 0n : CAP_SYS_ADMIN;
}

/**
 * After the user has changed: from here on the process has what the container's process will have, and `reserve`, which
 * has no effect until it is raised.
 */
export function compileCapabilities(b: Builder, plan: CapabilityPlan, reserve: CapabilitySet = 0n): void {
  compileCapset(b, plan, 0n, reserve);
  b.from("/process/capabilities/ambient");
  b.call("prctl", [PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL]);
  for (const capability of numbersIn(plan.sets.ambient)) {
    b.call("prctl", [PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, capability]);
  }
}

/** capset(2) with more than the plan's sets. */
export function compileCapset(
  b: Builder,
  { sets }: CapabilityPlan,
  moreEffective: CapabilitySet,
  morePermitted: CapabilitySet,
): void {
  const { inheritable } = sets;
  const effective = sets.effective | moreEffective;
  const permitted = sets.permitted | morePermitted;
  const header = data(words(CAPABILITY_VERSION, 0), "cap_header");
  const values = data(
    words(
      low(effective),
      low(permitted),
      low(inheritable),
      high(effective),
      high(permitted),
      high(inheritable),
    ),
    "cap_data",
  );
  b.from("/process/capabilities");
  b.call("capset", [header, values]);
}

const low = (set: CapabilitySet) => Number(set & 0xffffffffn);
const high = (set: CapabilitySet) => Number(set >> 32n);

function numbersIn(set: CapabilitySet): readonly number[] {
  // Most often there are none, and each number costs.
  if (set === 0n) return [];
  const numbers: number[] = [];
  [low(set), high(set)].forEach((word, index) => {
    for (let bit = 0; bit < 32; bit++) if ((word >>> bit) & 1) numbers.push(index * 32 + bit);
  });
  return numbers;
}
