import { expect, test } from "vitest";
import { rfc3339 } from "../../../src/container/time.ts";

/** Last second of the year 9999. */
const MAX = 253_402_300_799;

function viaDate(seconds: number): string {
  return new Date(seconds * 1000).toISOString().replace(/\.000Z$/, "Z");
}

test.each([
  0,
  1,
  59,
  86_399,
  86_400,
  951_782_399,
  951_782_400,
  951_868_800,
  1_709_164_800,
  4_107_542_400,
  MAX,
])("second %i", (seconds) => {
  expect(rfc3339(seconds, 0, 0)).toBe(viaDate(seconds));
});

test("every day of four centuries", () => {
  for (let day = 0; day < 146_097; day++) {
    const seconds = day * 86_400 + (day % 86_400);
    if (rfc3339(seconds, 0, 0) !== viaDate(seconds)) expect(rfc3339(seconds, 0, 0)).toBe(viaDate(seconds));
  }
});

test("random seconds up to the year 9999", () => {
  for (let round = 0; round < 20_000; round++) {
    const seconds = Math.floor(Math.random() * (MAX + 1));
    expect(rfc3339(seconds, 0, 0)).toBe(viaDate(seconds));
  }
});

test("digits are cut, not rounded", () => {
  expect(rfc3339(0, 0, 9)).toBe("1970-01-01T00:00:00.000000000Z");
  expect(rfc3339(0, 5, 9)).toBe("1970-01-01T00:00:00.000000005Z");
  expect(rfc3339(0, 123_456_789, 3)).toBe("1970-01-01T00:00:00.123Z");
  expect(rfc3339(0, 999_999_999, 0)).toBe("1970-01-01T00:00:00Z");
  expect(rfc3339(0, 999_999_999, 6)).toBe("1970-01-01T00:00:00.999999Z");
});
