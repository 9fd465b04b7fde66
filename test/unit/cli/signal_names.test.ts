import { constants } from "node:os";
import { expect, test } from "vitest";
import { parseSignal } from "../../../src/cli/signal_names.ts";

test("knows every signal that Node knows, in each spelling", () => {
  for (const [name, number] of Object.entries(constants.signals)) {
    for (const text of [
      name,
      name.slice(3),
      name.toLowerCase(),
      name.slice(3).toLowerCase(),
      String(number),
    ]) {
      expect(parseSignal(text), text).toBe(number);
    }
  }
});

test.each([
  ["SIGRTMIN", 34],
  ["RTMIN+3", 37],
  ["sigrtmin+30", 64],
  ["SIGRTMAX", 64],
  ["RTMAX-1", 63],
  ["RTMAX-30", 34],
  ["1", 1],
  ["09", 9],
  ["64", 64],
])("%s is %i", (text, number) => {
  expect(parseSignal(text)).toBe(number);
});

test.each([
  "",
  "0",
  "65",
  "-9",
  "+9",
  "9x",
  "FOO",
  "SIG",
  "SIGSIGKILL",
  "RTMIN+31",
  "RTMIN-1",
  "RTMAX+1",
  "RTMAX-31",
  "constructor",
  "1e1",
  " 9",
  "KILL\n",
])("%j is refused", (text) => {
  expect(() => parseSignal(text)).toThrow(/^unknown signal "/);
});
