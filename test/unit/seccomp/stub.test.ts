import { describe, expect, test } from "vitest";
import { compileStub } from "../../../src/seccomp/stub.ts";
import { filterAnswer } from "./bpf_machine.ts";

// <linux/audit.h> and <seccomp.h>
const X86_64 = 0xc000003e;
const X32 = 0x4000003e;
const I386 = 0x40000003;
const AARCH64 = 0xc00000b7;
const X32_BIT = 0x40000000;

const ALLOW = 0x7fff0000;
const ENOSYS = 0x00050000 + 38;

/** Of a stub before a program that allows everything. */
function answer(newest: ReadonlyMap<number, number>, arch: number, number: number): number {
  const allow = new Uint8Array([0x06, 0, 0, 0, 0, 0, 0xff, 0x7f]);
  return filterAnswer(new Uint8Array([...compileStub(newest), ...allow]), { arch, number });
}

const ALL = new Map([
  [X86_64, 439],
  [I386, 450],
  [X32, X32_BIT + 300],
  [AARCH64, 3],
]);

/** Boundaries of each architecture, and numbers that look like architectures. */
const CALLS: readonly (readonly [arch: number, number: number, answer: number])[] = [
  [X86_64, 0, ALLOW],
  [X86_64, 439, ALLOW],
  [X86_64, 440, ENOSYS],
  [X86_64, 0x3fffffff, ENOSYS],
  [X86_64, X32_BIT, ALLOW],
  [X86_64, X32_BIT + 300, ALLOW],
  [X86_64, X32_BIT + 301, ENOSYS],
  [X86_64, 0xffffffff, ENOSYS],
  // The number of close(2) for x32 is that of the architecture i386.
  [X86_64, I386, ALLOW],
  [I386, 450, ALLOW],
  [I386, 451, ENOSYS],
  [I386, 0xffffffff, ENOSYS],
  [AARCH64, 3, ALLOW],
  [AARCH64, 4, ENOSYS],
  // Not in the profile: the program that follows decides.
  [0x40000028, 9999, ALLOW],
];

describe("the stub before a filter", () => {
  test.each(CALLS)("architecture %i, call %i", (arch, number, expected) => {
    expect(answer(ALL, arch, number)).toBe(expected);
  });

  test("does not depend on the order of architectures", () => {
    const reversed = new Map([...ALL].reverse());
    for (const [arch, number, expected] of CALLS) expect(answer(reversed, arch, number)).toBe(expected);
  });

  test("leaves x32 to the filter where the profile has x86_64 only", () => {
    const newest = new Map([[X86_64, 100]]);
    expect(answer(newest, X86_64, 101)).toBe(ENOSYS);
    expect(answer(newest, X86_64, X32_BIT + 101)).toBe(ALLOW);
    expect(answer(newest, I386, 101)).toBe(ALLOW);
  });

  test("leaves x86_64 to the filter where the profile has x32 only", () => {
    const newest = new Map([[X32, X32_BIT + 100]]);
    expect(answer(newest, X86_64, 101)).toBe(ALLOW);
    expect(answer(newest, X86_64, X32_BIT + 100)).toBe(ALLOW);
    expect(answer(newest, X86_64, X32_BIT + 101)).toBe(ENOSYS);
  });

  test("is nothing where the profile names nothing", () => {
    expect(compileStub(new Map())).toEqual(new Uint8Array());
  });
});
