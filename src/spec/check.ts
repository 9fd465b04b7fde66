// Checkers: from a Json value at a place in config.json to a typed value, or a RuntError that names the
// place (RFC 6901), what was found and what is allowed. The place is a parent pointer and a key, joined only when
// a checker descends or complains: most values are leaves, and most are right.

import { type ErrorRecord, RuntError } from "../error.ts";
import { describeFound } from "./found.ts";
import type { Json, JsonObject } from "./json.ts";

type Key = string | number;

/**
 * `value` is undefined where a required field is missing. Without `key`, `parent` is the pointer of the value
 * itself.
 */
export type Check<T> = (value: Json | undefined, parent: string, key?: Key) => T;

/** A rule over a value that is right field by field. It throws through `reject`. */
export type Rule<T> = (value: T, pointer: string) => void;

/** RFC 6901: `~` is written `~0` and `/` is written `~1`. */
export function join(parent: string, key?: Key): string {
  if (key === undefined) return parent;
  if (typeof key === "number") return `${parent}/${key}`;
  return `${parent}/${key.replaceAll("~", "~0").replaceAll("/", "~1")}`;
}

/** Throws: something is wrong with the value at `pointer`, and `what` says it all. */
export function reject(pointer: string, what: string, more?: Pick<ErrorRecord, "why" | "hint">): never {
  throw new RuntError({ what, pointer, ...more });
}

/** Throws `found number 5, expected an absolute path`. */
export function mismatch(value: Json | undefined, expected: string, parent: string, key?: Key): never {
  reject(join(parent, key), `found ${describeFound(value)}, expected ${expected}`);
}

export const bool: Check<boolean> = (value, parent, key) => {
  if (typeof value !== "boolean") mismatch(value, "true or false", parent, key);
  return value;
};

/** Any string without NUL: every string of config.json ends up in a C string somewhere. */
export const text: Check<string> = (value, parent, key) => {
  if (typeof value !== "string") mismatch(value, "a string", parent, key);
  if (value.includes("\0")) mismatch(value, "a string without NUL", parent, key);
  return value;
};

export const nonEmptyText: Check<string> = (value, parent, key) => {
  if (value === "") mismatch(value, "a string that is not empty", parent, key);
  return text(value, parent, key);
};

/** A string of which `allowed` is true, described by `expected`. */
export function textThat(allowed: (text: string) => boolean, expected: string): Check<string> {
  return (value, parent, key) => {
    if (typeof value !== "string" || !allowed(value)) mismatch(value, expected, parent, key);
    return text(value, parent, key);
  };
}

export const absolutePath = textThat((path) => path.charCodeAt(0) === 0x2f, "an absolute path");

/** For an optional string: Go engines that do not omit an empty one mean that it is not set. */
export function unlessEmpty<T>(check: Check<T>): Check<T | undefined> {
  return (value, parent, key) => (value === "" ? undefined : check(value, parent, key));
}

export const optionalText = unlessEmpty(text);

export function oneOf<const T extends string>(allowed: readonly T[]): Check<T> {
  return (value, parent, key) => {
    if (!allowed.includes(value as T)) mismatch(value, `one of ${allowed.join(", ")}`, parent, key);
    return value as T;
  };
}

/** An integer of at most 53 bits. `1.0` and `1e3` are integers, as in JSON Schema. */
export function int(min: number, max: number): Check<number> {
  return (value, parent, key) => {
    if (!Number.isInteger(value) || (value as number) < min || (value as number) > max) {
      mismatch(value, `an integer from ${min} to ${max}`, parent, key);
    }
    // Not -0, which prints as 0 and is not equal to it everywhere.
    return (value as number) + 0;
  };
}

/** An integer of 64 bits. A double that is not exact (1e18, 1.5e19) is refused: nobody knows what was meant. */
export function bigInt(min: bigint, max: bigint): Check<bigint> {
  const takesSafe = min <= 0n && max >= Number.MAX_SAFE_INTEGER;
  return (value, parent, key) => {
    // Most are small, and to compare bigints costs the engine more than all the rest.
    if (takesSafe && Number.isSafeInteger(value) && (value as number) >= 0) return BigInt(value as number);
    const exact = typeof value === "bigint" || Number.isSafeInteger(value);
    const integer = exact ? BigInt(value as bigint | number) : undefined;
    if (integer === undefined || integer < min || integer > max) {
      mismatch(value, `an integer from ${min} to ${max}`, parent, key);
    }
    return integer;
  };
}

export const uint16 = int(0, 0xffff);
export const uint32 = int(0, 0xffffffff);
export const uint64 = bigInt(0n, 0xffffffffffffffffn);
export const int64 = bigInt(-0x8000000000000000n, 0x7fffffffffffffffn);

export function arrayOf<T>(check: Check<T>, rule?: Rule<readonly T[]>): Check<readonly T[]> {
  return (value, parent, key) => {
    if (!Array.isArray(value)) mismatch(value, "an array", parent, key);
    const pointer = join(parent, key);
    const out: T[] = [];
    for (let i = 0; i < value.length; i++) out.push(check(value[i], pointer, i));
    rule?.(out, pointer);
    return out;
  };
}

export const texts = arrayOf(text);

/** A check for values of which many documents have the same ones. */
export interface Interned<T> {
  readonly check: Check<T>;
  /** Checks a value, of which the result is the answer to all that are alike from now on. */
  readonly intern: (value: Json) => T;
}

/** @param nameOf different for values that are not alike; undefined where it has none */
export function interned<T>(
  check: Check<T>,
  nameOf: (value: Json | undefined) => string | undefined,
): Interned<T> {
  const known = new Map<string | undefined, T>();
  return {
    check: (value, parent, key) => known.get(nameOf(value)) ?? check(value, parent, key),
    intern(value) {
      const checked = check(value, "");
      const name = nameOf(value);
      if (name === undefined) throw new Error("a value without a name cannot be interned");
      known.set(name, checked);
      return checked;
    },
  };
}

/** Between the strings of a name. Strings of config.json are bytes: none of them has it. */
export const BETWEEN = "\u0100";

/** Of a list of strings. */
export function nameOfTexts(value: Json | undefined): string | undefined {
  if (!Array.isArray(value)) return undefined;
  for (let i = 0; i < value.length; i++) if (typeof value[i] !== "string") return undefined;
  return value.join(BETWEEN);
}

/** An object with free keys, which are not empty and have no NUL. The result has no prototype. */
export function mapOf<T>(check: Check<T>, rule?: Rule<{ readonly [key: string]: T }>) {
  const checkMap: Check<{ readonly [key: string]: T }> = (value, parent, key) => {
    if (!isObject(value)) mismatch(value, "an object", parent, key);
    const pointer = join(parent, key);
    const out: { [key: string]: T } = Object.create(null);
    for (const name of Object.keys(value)) {
      if (name === "" || name.includes("\0")) {
        reject(pointer, `found key ${describeFound(name)}, expected keys that are not empty and have no NUL`);
      }
      out[name] = check(value[name], pointer, name);
    }
    rule?.(out, pointer);
    return out;
  };
  return checkMap;
}

type OptionalKeys<T> = { [K in keyof T]-?: object extends Pick<T, K> ? K : never }[keyof T];

/** Both tables together name each field of T exactly once: a type and its parser cannot drift apart. */
type RequiredFields<T> = { readonly [K in Exclude<keyof T, OptionalKeys<T>>]: Check<T[K]> };
type OptionalFields<T> = { readonly [K in OptionalKeys<T>]-?: Check<T[K] | undefined> };

/**
 * An object with known fields. null counts as absent, since Go engines write it for a nil pointer; unknown keys
 * are ignored (config.md#extensibility).
 */
export function object<T extends object>(
  required: RequiredFields<T>,
  optional: OptionalFields<T>,
  rule?: Rule<T>,
): Check<T> {
  const all = { ...required, ...optional };
  const names = Object.keys(all);
  const checks = Object.values(all) as Check<unknown>[];
  const firstOptional = Object.keys(required).length;
  return (value, parent, key) => {
    if (!isObject(value)) mismatch(value, "an object", parent, key);
    const pointer = join(parent, key);
    const out: Record<string, unknown> = {};
    // By index: an iterator costs the engine more than most checks. No field has the name of one of a prototype.
    for (let i = 0; i < names.length; i++) {
      const name = names[i] as string;
      const field = value[name];
      if ((field === undefined || field === null) && i >= firstOptional) continue;
      const checked = checks[i]?.(field, pointer, name);
      if (checked !== undefined) out[name] = checked;
    }
    rule?.(out as T, pointer);
    return out as T;
  };
}

export function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
