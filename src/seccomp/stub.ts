// What goes before the program of libseccomp: a system call newer than all that the profile names for its architecture
// fails with ENOSYS, which C libraries take as "do it the old way"; with EPERM they give up. runc has the same.

import { ARCHITECTURE } from "./numbers.ts";

/** The largest number that the profile names, by token. */
export type Newest = ReadonlyMap<number, number>;

/** `struct sock_filter` of <linux/filter.h>. */
type Instruction = readonly [code: number, jumpTrue: number, jumpFalse: number, k: number];

const X86_64 = ARCHITECTURE.SCMP_ARCH_X86_64;
const X32 = ARCHITECTURE.SCMP_ARCH_X32;
/** In the number of a system call of x32, whose architecture is that of x86_64. */
const X32_BIT = 0x40000000;

/** `struct seccomp_data`. */
const NUMBER = 0;
const ARCH = 4;

const load = (offset: number): Instruction => [0x20, 0, 0, offset];
const skipUnlessEqual = (value: number, count: number): Instruction => [0x15, 0, count, value];
const skipUnlessGreater = (value: number, count: number): Instruction => [0x25, 0, count, value];
const skipIfSet = (bits: number, count: number): Instruction => [0x45, count, 0, bits];
const skipUnlessSet = (bits: number, count: number): Instruction => [0x45, 0, count, bits];
const skip = (count: number): Instruction => [0x05, 0, 0, count];
/** SECCOMP_RET_ERRNO and the errno. */
const ENOSYS: Instruction = [0x06, 0, 0, 0x00050026];

/** Falls through to the program that follows. */
export function compileStub(newest: Newest): Uint8Array {
  const sections: (readonly [token: number, body: readonly Instruction[]])[] = [
    [X86_64, compileX86_64(newest.get(X86_64), newest.get(X32))],
  ];
  for (const [token, number] of newest) {
    if (token !== X86_64 && token !== X32) sections.push([token, refuseAbove(number)]);
  }
  let program: readonly Instruction[] = [];
  for (const [token, body] of sections.reverse()) {
    if (body.length === 0) continue;
    // Past the rest, which compares the architecture: a number of x32 may look like one.
    const end = program.length === 0 ? [] : [skip(program.length)];
    const section = [load(NUMBER), ...body, ...end];
    program = [skipUnlessEqual(token, section.length), ...section, ...program];
  }
  return encode(program.length === 0 ? [] : [load(ARCH), ...program]);
}

function compileX86_64(number: number | undefined, x32: number | undefined): readonly Instruction[] {
  const ofX32 = x32 === undefined ? [] : refuseAbove(x32);
  if (number === undefined) return ofX32.length === 0 ? [] : [skipUnlessSet(X32_BIT, ofX32.length), ...ofX32];
  const body = [...refuseAbove(number), ...(ofX32.length === 0 ? [] : [skip(ofX32.length)])];
  return [skipIfSet(X32_BIT, body.length), ...body, ...ofX32];
}

function refuseAbove(number: number): readonly Instruction[] {
  return [skipUnlessGreater(number, 1), ENOSYS];
}

function encode(instructions: readonly Instruction[]): Uint8Array {
  const bytes = new Uint8Array(instructions.length * 8);
  const view = new DataView(bytes.buffer);
  instructions.forEach(([code, jumpTrue, jumpFalse, k], index) => {
    view.setUint16(index * 8, code, true);
    view.setUint8(index * 8 + 2, jumpTrue);
    view.setUint8(index * 8 + 3, jumpFalse);
    view.setUint32(index * 8 + 4, k, true);
  });
  return bytes;
}
