// The options of `update` as linux.resources. Each is a field; all are checked as those of config.json are.

import { RuntError } from "../error.ts";
import { quote } from "../quote.ts";
import type { Json, JsonObject } from "../spec/json.ts";
import { resources as checkResources } from "../spec/resources.ts";
import type { LinuxResources } from "../spec/types.ts";

/** Option, field, and how the option writes its value. */
const FIELDS = [
  ["blkio-weight", "/blockIO/weight", integer],
  ["cpu-burst", "/cpu/burst", integer],
  ["cpu-idle", "/cpu/idle", integer],
  ["cpu-period", "/cpu/period", integer],
  ["cpu-quota", "/cpu/quota", integer],
  ["cpu-rt-period", "/cpu/realtimePeriod", integer],
  ["cpu-rt-runtime", "/cpu/realtimeRuntime", integer],
  ["cpu-share", "/cpu/shares", integer],
  ["cpuset-cpus", "/cpu/cpus", (text: string) => text],
  ["cpuset-mems", "/cpu/mems", (text: string) => text],
  ["memory", "/memory/limit", bytes],
  ["memory-reservation", "/memory/reservation", bytes],
  ["memory-swap", "/memory/swap", bytes],
  ["pids-limit", "/pids/limit", integer],
] as const;

type Flags = { readonly [F in (typeof FIELDS)[number] as F[0]]: string | undefined };

/** @throws RuntError that names the option */
export function parseUpdateFlags(flags: Flags): LinuxResources {
  const resources: { [name: string]: JsonObject } = {};
  for (const [option, pointer, parse] of FIELDS) {
    const text = flags[option];
    if (text === undefined || text === "") continue;
    const value = parse(text);
    const [, group = "", field = ""] = pointer.split("/");
    if (value === undefined) {
      const expected =
        parse === bytes ? "bytes, or a number with one of k, m, g, t and p, or -1" : "an integer";
      throw invalid(option, `invalid ${parse === bytes ? "size" : "number"}: ${quote(text)}`, expected);
    }
    resources[group] = { ...resources[group], [field]: typeof value === "bigint" ? number(value) : value };
  }
  return check(resources);
}

function check(resources: JsonObject): LinuxResources {
  try {
    return checkResources(resources, "");
  } catch (error) {
    const { pointer = "", what } = error instanceof RuntError ? error.record : { what: "" };
    const option = FIELDS.find(([, field]) => field === pointer)?.[0];
    throw option === undefined ? error : invalid(option, what);
  }
}

function invalid(option: string, what: string, expected?: string): RuntError {
  const hint = expected === undefined ? "runt update --help shows all options" : `expected ${expected}`;
  return new RuntError({ what: `invalid value for ${option}: ${what}`, hint });
}

function integer(text: string): Json | undefined {
  return /^[+-]?[0-9]{1,20}$/.test(text) ? BigInt(text.replace("+", "")) : undefined;
}

/** As parseJson gives it. */
function number(value: bigint): Json {
  const double = Number(value);
  return Number.isSafeInteger(double) ? double : value;
}

const SUFFIXES = "kmgtp";

/** As docker/go-units reads sizes: powers of 1024, `1.5g`, `10MiB`. */
function bytes(text: string): Json | undefined {
  if (text === "-1") return -1n;
  const match = /^([0-9]{1,19})(?:\.([0-9]{0,9}))? ?(?:b|([kmgtp])(?:i?b)?)?$/i.exec(text);
  if (match === null) return undefined;
  const [, whole = "", fraction = "", suffix = ""] = match;
  const unit = suffix === "" ? 1n : 1024n ** BigInt(SUFFIXES.indexOf(suffix.toLowerCase()) + 1);
  return BigInt(whole) * unit + (BigInt(fraction || "0") * unit) / 10n ** BigInt(fraction.length);
}
