// A time span as Go writes it: `5s`, `1m30s`, `1.5h`, `100ms`.

import { RuntError } from "../error.ts";
import { quote } from "../quote.ts";

/** Milliseconds. */
const UNITS: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
};

const PART = /^([0-9]+\.?[0-9]*|\.[0-9]+)(ns|us|ms|s|m|h)/;

/** Milliseconds, at least 1. @throws RuntError that names the option */
export function parseInterval(text: string): number {
  let rest = text.replace(/^[+-]/, "");
  let sum = 0;
  while (rest !== "" && text !== "0") {
    const [all = "", value = "", unit = ""] = PART.exec(rest) ?? [];
    if (all === "") break;
    sum += Number(value) * (UNITS[unit] ?? 0);
    rest = rest.slice(all.length);
  }
  const hint = "expected a number with a unit: 500ms, 5s, 1m30s";
  if (text !== "0" && (rest !== "" || text.replace(/^[+-]/, "") === "")) {
    throw new RuntError({ what: `invalid value ${quote(text)} for flag -interval: parse error`, hint });
  }
  if (sum <= 0 || text.startsWith("-")) {
    throw new RuntError({ what: "duration interval must be greater than 0", hint });
  }
  return Math.max(1, Math.round(sum));
}
