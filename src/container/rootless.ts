// What an ordinary user can't ask for of a container, found before anything is made.

import { RuntError } from "../error.ts";
import { has } from "../namespaces/plan.ts";
import { parseMountOptions } from "../rootfs/mount_options.ts";
import { isIdmapped } from "../spec/mounts.ts";
import type { LinuxIDMapping, Mount } from "../spec/types.ts";
import type { Prepared } from "./prepare.ts";

/** The texts are runc's. @throws RuntError with the pointer of what only root may have */
export function requireRootless({ spec, namespaces }: Prepared): void {
  if (!has(namespaces, "user")) {
    throw new RuntError({
      pointer: "/linux/namespaces",
      what: "rootless container requires user namespaces",
      hint: "runt spec --rootless writes a config.json with one",
    });
  }
  const { uidMappings, gidMappings } = spec.linux ?? {};
  spec.mounts?.forEach((mount, index) => {
    const pointer = `/mounts/${index}`;
    if (isIdmapped(mount)) {
      throw new RuntError({ pointer, what: "id mapped mounts need root on the host" });
    }
    if (!namespaces.created.has("user")) return;
    requireMapped(mount, "uid", uidMappings, pointer);
    requireMapped(mount, "gid", gidMappings, pointer);
  });
}

/** The kernel answers only that the option is invalid. */
function requireMapped(
  { options = [] }: Mount,
  name: "uid" | "gid",
  mappings: readonly LinuxIDMapping[] = [],
  pointer: string,
): void {
  for (const option of parseMountOptions(options).data) {
    const id = Number(option.startsWith(`${name}=`) ? option.slice(4) : undefined);
    if (Number.isNaN(id)) continue;
    if (mappings.some(({ containerID, size }) => id >= containerID && id < containerID + size)) continue;
    throw new RuntError({
      pointer: `${pointer}/options`,
      what: `cannot specify ${name}= mount options for unmapped ${name} in rootless containers: ${option}`,
    });
  }
}
