// The device filter: a program for the kernel's BPF machine (BPF_PROG_TYPE_CGROUP_DEVICE) that is asked before a device
// is opened or made, and answers 1 or 0. Pure: attach.ts loads it.

import type { LinuxDeviceCgroup } from "../../spec/types.ts";
import { ALL_ACCESS, type DeviceRule, orderRules } from "./rules.ts";

/** One instruction of <linux/bpf.h>, 8 bytes. */
type Instruction = readonly [code: number, registers: number, offset: number, immediate: number];

const ANSWER = 0;
const CONTEXT = 1;
const TYPE = 2;
/** The bits of the access that no rule has allowed yet. */
const ASKED = 3;
const MAJOR = 4;
const MINOR = 5;

const TYPE_NUMBER = { b: 1, c: 2 } as const;

// Operations on 32 bits, whose immediate is not sign-extended: a major of 4294967295 is one.
const load = (to: number, offset: number): Instruction => [0x61, to | (CONTEXT << 4), offset, 0];
const copy = (to: number, from: number): Instruction => [0xbc, to | (from << 4), 0, 0];
const and = (register: number, mask: number): Instruction => [0x54, register, 0, mask];
const shiftRight = (register: number, bits: number): Instruction => [0x74, register, 0, bits];
const skipUnless = (register: number, value: number, count: number): Instruction => [
  0x56,
  register,
  count,
  value,
];
const skipIfAny = (register: number, bits: number, count: number): Instruction => [
  0x46,
  register,
  count,
  bits,
];
const skip = (count: number): Instruction => [0x05, 0, count, 0];
const answer = (allow: boolean): readonly Instruction[] => [
  [0xb7, ANSWER, 0, allow ? 1 : 0],
  [0x95, 0, 0, 0],
];

/** `struct bpf_cgroup_dev_ctx`: type in the lower and access in the upper half of the first word, major, minor. */
const PROLOGUE: readonly Instruction[] = [
  load(TYPE, 0),
  copy(ASKED, TYPE),
  and(TYPE, 0xffff),
  shiftRight(ASKED, 16),
  load(MAJOR, 4),
  load(MINOR, 8),
];

/** The program, or undefined if everything is allowed. */
export function compileDeviceFilter(configured: readonly LinuxDeviceCgroup[]): Uint8Array | undefined {
  if (configured.length === 0) return DEFAULT_FILTER;
  return compileFilter(configured);
}

function compileFilter(configured: readonly LinuxDeviceCgroup[]): Uint8Array | undefined {
  const { rules, allowOthers } = orderRules(configured);
  if (allowOthers && rules.length === 0) return undefined;
  return encodeInstructions([...PROLOGUE, ...rules.flatMap(compileRule), ...answer(allowOthers)]);
}

/** Most containers have this one; computed when the executable is built. */
const DEFAULT_FILTER = compileFilter([]);

/**
 * A device is opened for reading and writing in one question: it is allowed once every bit is, by whichever rules, and
 * denied as soon as one is.
 */
function compileRule({ allow, type, major, minor, access }: DeviceRule): readonly Instruction[] {
  const body = access === ALL_ACCESS ? answer(allow) : allow ? allowBits(access) : denyBits(access);
  const conditions = [
    [TYPE, type && TYPE_NUMBER[type]],
    [MAJOR, major],
    [MINOR, minor],
  ].filter((condition): condition is [number, number] => condition[1] !== undefined);
  return [
    ...conditions.map(([register, value], index) =>
      skipUnless(register, value, conditions.length - index - 1 + body.length),
    ),
    ...body,
  ];
}

function allowBits(bits: number): readonly Instruction[] {
  return [and(ASKED, ~bits), skipUnless(ASKED, 0, 2), ...answer(true)];
}

function denyBits(bits: number): readonly Instruction[] {
  return [skipIfAny(ASKED, bits, 1), skip(2), ...answer(false)];
}

function encodeInstructions(instructions: readonly Instruction[]): Uint8Array {
  const bytes = new Uint8Array(instructions.length * 8);
  const view = new DataView(bytes.buffer);
  instructions.forEach(([code, registers, offset, immediate], index) => {
    view.setUint8(index * 8, code);
    view.setUint8(index * 8 + 1, registers);
    view.setInt16(index * 8 + 2, offset, true);
    view.setInt32(index * 8 + 4, immediate, true);
  });
  return bytes;
}
