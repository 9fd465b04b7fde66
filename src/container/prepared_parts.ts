// From one step of the build to the next: the parts of typical containers' programs, and the parts of config.json that
// they are about. src/collect.ts writes them; src/main.ts reads them when it is loaded.

import type { Subject } from "../program/builder.ts";
import type { Part } from "../program/instruction.ts";
import { addPart } from "../program/parts.ts";
import { parseMountOptions } from "../rootfs/mount_options.ts";
import type { Json } from "../spec/json.ts";
import { INTERNED_PATHS } from "../spec/linux.ts";
import { INTERNED_MOUNT } from "../spec/mounts.ts";

/** `size` is that of the image. */
export interface PartRow extends Omit<Part, "image"> {
  readonly subject: Json;
  readonly size: number;
}

/** The images lie together: a process that reads some of them has few pages mapped. */
export function addParts(rows: readonly PartRow[], images: Uint8Array): void {
  const subjects = new Map<string, Subject>();
  let at = 0;
  for (const { subject: json, size, ...part } of rows) {
    const name = JSON.stringify(json);
    const subject = subjects.get(name) ?? intern(json);
    subjects.set(name, subject);
    addPart(subject, { ...part, image: images.subarray(at, at + size) });
    at += size;
  }
}

function intern(json: Json): Subject {
  if (json === null) return null;
  if (Array.isArray(json)) return INTERNED_PATHS.intern(json);
  const mount = INTERNED_MOUNT.intern(json);
  // Asked for when a mount is looked at, and remembered.
  if (mount.options !== undefined) parseMountOptions(mount.options);
  return mount;
}
