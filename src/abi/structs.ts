// Structures of the kernel's user interface, as bytes (little endian).

// The engine reads and writes elements of arrays directly; a DataView, an iterator or a callback costs it ten times as
// much, and every command fills dozens of these structures.

const HIGH = 0x1_0000_0000;

/** A buffer of 32-bit words. */
export function words(...values: readonly number[]): Uint8Array {
  const all = new Uint32Array(values.length);
  for (let i = 0; i < values.length; i++) all[i] = values[i] as number;
  return new Uint8Array(all.buffer);
}

/** A buffer of 64-bit words; bigints keep all their bits. */
export function longs(...values: readonly (number | bigint)[]): Uint8Array {
  const all = new Uint32Array(values.length * 2);
  for (let i = 0; i < values.length; i++) {
    const value = values[i] as number | bigint;
    if (typeof value === "bigint") {
      all[2 * i] = Number(value & 0xffffffffn);
      all[2 * i + 1] = Number((value >> 32n) & 0xffffffffn);
    } else {
      all[2 * i] = value;
      if (value >= HIGH || value < 0) all[2 * i + 1] = Math.floor(value / HIGH);
    }
  }
  return new Uint8Array(all.buffer);
}

/** Reads a 64-bit value that is known to fit into a number: a size, an address. */
export function getLong(bytes: Uint8Array, offset: number): number {
  return getWord(bytes, offset) + getWord(bytes, offset + 4) * HIGH;
}

/** @throws RangeError where the buffer is shorter */
export function getWord(bytes: Uint8Array, offset: number): number {
  const last = bytes[offset + 3];
  if (last === undefined) throw new RangeError(`no word at ${offset} of ${bytes.length} bytes`);
  const first = bytes[offset] as number;
  const second = bytes[offset + 1] as number;
  const third = bytes[offset + 2] as number;
  return (first | (second << 8) | (third << 16) | (last << 24)) >>> 0;
}

/** `struct open_how`, openat2(2). */
export function openHow(flags: number, resolve: number, mode = 0): Uint8Array {
  return words(flags, 0, mode, 0, resolve, 0);
}

/** `struct mount_attr`, mount_setattr(2). */
export function mountAttr(set: number, clear: number, propagation = 0, userns = 0): Uint8Array {
  return words(set, 0, clear, 0, propagation, 0, userns, 0);
}

/** Size of `struct stat` of fstat(2), and where its fields are (x86_64). */
export const STAT = {
  size: 144,
  inode: 8,
  nlink: 16,
  mode: 24,
  uid: 28,
  gid: 32,
  rdev: 40,
  length: 48,
} as const;

/** Size of `struct statx`, statx(2), and where its field is. */
export const STATX = { size: 256, mountId: 144 } as const;

/** The kernel's encoding of a device number in `stat` and mknod(2): 12 bits of major, 20 of minor. */
export function deviceNumber(major: number, minor: number): number {
  return ((minor & 0xff) | ((major & 0xfff) << 8) | ((minor & 0xfff00) << 12)) >>> 0;
}
