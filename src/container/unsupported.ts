// What config.json may ask for of a mount, and no mount can be. No request comes to nothing without a word.

import { type ErrorRecord, RuntError } from "../error.ts";
import { parseMountOptions } from "../rootfs/mount_options.ts";
import { isIdmapped } from "../spec/mounts.ts";
import type { Spec } from "../spec/types.ts";

/**
 * @returns warnings of what the kernel ignores
 * @throws RuntError with the pointer of the first field that cannot be honoured
 */
export function rejectUnsupported({ mounts = [] }: Spec): readonly ErrorRecord[] {
  const warnings: ErrorRecord[] = [];
  mounts.forEach((mount, index) => {
    const options = parseMountOptions(mount.options ?? []);
    if (isIdmapped(mount) && (options.bind === undefined || options.remount)) {
      throw new RuntError({ pointer: `/mounts/${index}`, what: "only a bind mount can be idmapped" });
    }
    if (options.tmpcopyup && (mount.type !== "tmpfs" || options.iversion || options.remount)) {
      throw new RuntError({
        pointer: `/mounts/${index}/options`,
        what: "tmpcopyup is for a new tmpfs only, and not together with iversion",
      });
    }
    if (options.bind !== undefined && options.data.length > 0) {
      warnings.push({
        pointer: `/mounts/${index}/options`,
        what: `a bind mount has no options of a filesystem: ${options.data.join(",")} is ignored`,
        hint: "mount(8) ignores them too: the options of a filesystem are those of its first mount",
      });
    }
  });
  return warnings;
}
