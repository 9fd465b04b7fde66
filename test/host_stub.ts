// The module `runt:host` in tests: byte strings work, the kernel is out of reach.

export function syscall(number: number): never {
  throw new Error(`system call ${number} in a test that must not need the kernel`);
}

export function library(index: number): never {
  throw new Error(`function ${index} of a library in a test that must not need it`);
}

export function spawn(): never {
  throw new Error("spawn in a test that must not need the kernel");
}

export function address(): never {
  throw new Error("address in a test that must not need the kernel");
}

export function encode(buffer: Uint8Array, offset: number, text: string): number {
  const bytes = Buffer.from(text, "latin1");
  buffer.set(bytes, offset);
  return bytes.length;
}

export function decode(buffer: Uint8Array, from: number, to: number): string {
  return Buffer.from(buffer.subarray(from, to)).toString("latin1");
}

export const argv: readonly string[] = [];
export const environ: readonly [string?] = [];
export const stage = new Uint8Array();
