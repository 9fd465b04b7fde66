// The part of the kernel's BPF machine that a device filter uses, after Documentation/bpf/standardization: what the
// bytes mean is not read from the compiler that is under test.

export interface Question {
  readonly type: "b" | "c";
  readonly major: number;
  readonly minor: number;
  /** Letters of rwm; none is access(2) with F_OK. */
  readonly access: string;
}

const TYPE = { b: 1, c: 2 } as const;
const ACCESS: Readonly<Record<string, number>> = { m: 1, r: 2, w: 4 };

/** The answer of the program: true is 1. Anything that the kernel's verifier would refuse is an error. */
export function ask(program: Uint8Array, { type, major, minor, access }: Question): boolean {
  const bits = [...access].reduce((sum, letter) => sum | (ACCESS[letter] ?? 0), 0);
  const context = [(bits << 16) | TYPE[type], major, minor];
  const code = new DataView(program.buffer, program.byteOffset, program.byteLength);
  const registers = new Map<number, number>();
  const read = (register: number) => {
    const value = registers.get(register);
    if (value === undefined) throw new Error(`r${register} is read and was never written`);
    return value;
  };
  for (let at = 0; at < program.length / 8; at += 1) {
    const opcode = code.getUint8(at * 8);
    const destination = code.getUint8(at * 8 + 1) & 0xf;
    const source = code.getUint8(at * 8 + 1) >> 4;
    const offset = code.getInt16(at * 8 + 2, true);
    const immediate = code.getInt32(at * 8 + 4, true) >>> 0;
    const jumpIf = (condition: boolean) => {
      if (offset < 0) throw new Error("a jump backwards");
      if (condition) at += offset;
    };
    switch (opcode) {
      case 0x61: {
        if (source !== 1 || offset % 4 !== 0) throw new Error(`load from r${source} + ${offset}`);
        const word = context[offset / 4];
        if (word === undefined) throw new Error(`load beyond the context: ${offset}`);
        registers.set(destination, word >>> 0);
        break;
      }
      case 0xb7:
        registers.set(destination, immediate);
        break;
      case 0xbc:
        registers.set(destination, read(source));
        break;
      case 0x54:
        registers.set(destination, (read(destination) & immediate) >>> 0);
        break;
      case 0x74:
        registers.set(destination, read(destination) >>> immediate);
        break;
      case 0x05:
        jumpIf(true);
        break;
      case 0x56:
        jumpIf(read(destination) !== immediate);
        break;
      case 0x46:
        jumpIf((read(destination) & immediate) !== 0);
        break;
      case 0x95:
        return read(0) === 1;
      default:
        throw new Error(`instruction ${at} has opcode 0x${opcode.toString(16)}`);
    }
  }
  throw new Error("the program has no end");
}
