// What the tests themselves may do: machines differ in it.

import * as fs from "node:fs";
import { CAPABILITIES } from "../../src/spec/capabilities.ts";

const EFFECTIVE = BigInt(`0x${/CapEff:\t(\w+)/.exec(fs.readFileSync("/proc/self/status", "utf8"))?.[1]}`);

export function hasCapability(name: string): boolean {
  const bit = CAPABILITIES.get(name);
  return bit !== undefined && ((EFFECTIVE >> BigInt(bit)) & 1n) === 1n;
}
