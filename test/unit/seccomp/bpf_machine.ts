// The part of the kernel's classic BPF machine that filters of system calls use, after <linux/filter.h> and seccomp(2):
// what the bytes mean is not read from the compiler that is under test.

export interface SystemCall {
  readonly arch: number;
  readonly number: number;
}

/** What the program returns for the call: SECCOMP_RET_ and data. What the kernel would refuse is an error. */
export function filterAnswer(program: Uint8Array, { arch, number }: SystemCall): number {
  const code = new DataView(program.buffer, program.byteOffset, program.byteLength);
  // Of `struct seccomp_data`; the rest, the address and the arguments, is 0 here.
  const data: Readonly<Record<number, number>> = { 0: number, 4: arch };
  let accumulator = 0;
  for (let at = 0; at < program.length / 8; ) {
    const opcode = code.getUint16(at * 8, true);
    const [ifTrue, ifFalse] = [code.getUint8(at * 8 + 2), code.getUint8(at * 8 + 3)];
    const k = code.getUint32(at * 8 + 4, true);
    const branch = (condition: boolean) => at + 1 + (condition ? ifTrue : ifFalse);
    switch (opcode) {
      // BPF_LD | BPF_W | BPF_ABS
      case 0x20:
        if (k % 4 !== 0 || k >= 64) throw new Error(`a load from ${k}`);
        accumulator = data[k] ?? 0;
        at += 1;
        break;
      // BPF_JMP: JA, JEQ, JGT, JGE, JSET, with a constant
      case 0x05:
        at += 1 + k;
        break;
      case 0x15:
        at = branch(accumulator === k);
        break;
      case 0x25:
        at = branch(accumulator > k);
        break;
      case 0x35:
        at = branch(accumulator >= k);
        break;
      case 0x45:
        at = branch((accumulator & k) !== 0);
        break;
      // BPF_RET | BPF_K
      case 0x06:
        return k;
      default:
        throw new Error(`opcode ${opcode.toString(16)} at ${at}`);
    }
  }
  throw new Error("the program runs out of its end");
}
