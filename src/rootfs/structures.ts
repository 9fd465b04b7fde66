// The two structures that nearly every step of the root filesystem passes to the kernel. They are only read, so that
// equal ones are one: a program holds each once.

import { O_CLOEXEC, RESOLVE_IN_ROOT, RESOLVE_NO_MAGICLINKS, RESOLVE_NO_SYMLINKS } from "../abi/constants.ts";
import { mountAttr, openHow } from "../abi/structs.ts";
import { data } from "../program/builder.ts";
import type { Data } from "../program/instruction.ts";

function once<K>(known: Map<K, Data>, key: K, make: () => Data): Data {
  const found = known.get(key);
  if (found !== undefined) return found;
  const made = make();
  known.set(key, made);
  return made;
}

const hows = new Map<number, Data>();
const attributes = new Map<string, Data>();

/** `struct open_how` for a path inside the container. */
export function how(flags: number, noSymlinks: boolean): Data {
  return once(hows, noSymlinks ? -flags : flags, () => {
    const resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS | (noSymlinks ? RESOLVE_NO_SYMLINKS : 0);
    return data(openHow(flags | O_CLOEXEC, resolve), "open_how");
  });
}

/** `struct mount_attr`. */
export function mountAttributes(set: number, clear: number, propagation = 0): Data {
  return once(attributes, `${set} ${clear} ${propagation}`, () =>
    data(mountAttr(set, clear, propagation), "mount_attr"),
  );
}
