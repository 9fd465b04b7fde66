// Structures of the kernel's user interface, as bytes (little endian).

/** A buffer of 32-bit words. */
export function words(...values: readonly number[]): Uint8Array {
  return new Uint8Array(Uint32Array.from(values).buffer);
}

/** A buffer of 64-bit words; bigints keep all their bits. */
export function longs(...values: readonly (number | bigint)[]): Uint8Array {
  const bytes = new Uint8Array(values.length * 8);
  const view = new DataView(bytes.buffer);
  values.forEach((value, index) => {
    setLong(view, index * 8, value);
  });
  return bytes;
}

/** Writes a signed or unsigned 64-bit value. Numbers are split by hand: a BigInt for each would cost more. */
export function setLong(view: DataView, offset: number, value: number | bigint): void {
  if (typeof value === "bigint") {
    view.setBigUint64(offset, BigInt.asUintN(64, value), true);
    return;
  }
  view.setUint32(offset, value >>> 0, true);
  view.setInt32(offset + 4, Math.floor(value / 0x1_0000_0000), true);
}

/** Reads a 64-bit value that is known to fit into a number: a size, an address. */
export function getLong(bytes: Uint8Array, offset: number): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  return view.getUint32(offset, true) + view.getUint32(offset + 4, true) * 0x1_0000_0000;
}

export function getWord(bytes: Uint8Array, offset: number): number {
  return new DataView(bytes.buffer, bytes.byteOffset).getUint32(offset, true);
}

/** `struct open_how`, openat2(2). */
export function openHow(flags: number, resolve: number, mode = 0): Uint8Array {
  return words(flags, 0, mode, 0, resolve, 0);
}

/** `struct mount_attr`, mount_setattr(2). */
export function mountAttr(set: number, clear: number, propagation = 0): Uint8Array {
  return words(set, 0, clear, 0, propagation, 0, 0, 0);
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

/** The kernel's encoding of a device number in `stat` and mknod(2): 12 bits of major, 20 of minor. */
export function deviceNumber(major: number, minor: number): number {
  return ((minor & 0xff) | ((major & 0xfff) << 8) | ((minor & 0xfff00) << 12)) >>> 0;
}
