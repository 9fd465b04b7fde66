// Values of D-Bus in TypeScript: n, q, i, u, y, h and d are numbers, x and t bigints, strings are byte strings of valid
// UTF-8. An array of bytes is a Uint8Array, other arrays and structures are arrays, a dict entry is a pair.

export type Value = boolean | number | bigint | string | Uint8Array | Variant | readonly Value[];

/** A value that brings its type. */
export interface Variant {
  readonly signature: string;
  readonly value: Value;
}

export function variant(signature: string, value: Value): Variant {
  return { signature, value };
}

/** 2^64-1: "no limit" in the properties of systemd. */
export const INFINITY = 0xffff_ffff_ffff_ffffn;
