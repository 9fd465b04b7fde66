// The option `remount`: new attributes for what is mounted already, and without `bind` for its filesystem as well. What
// the options do not mention stays as it is.

import { FSCONFIG_CMD_RECONFIGURE, FSPICK_CLOEXEC, FSPICK_EMPTY_PATH } from "../abi/constants.ts";
import type { Builder } from "../program/builder.ts";
import type { Register } from "../program/instruction.ts";
import type { MountOptions } from "./mount_options.ts";
import type { ContainerPath } from "./path.ts";
import { openInRoot } from "./resolve.ts";
import { configureSuperblock, setAttributes, setPropagation } from "./tree.ts";

export function compileRemount(
  b: Builder,
  root: Register,
  destination: ContainerPath,
  options: MountOptions,
): void {
  b.scratch("target", (target) => {
    openInRoot(b, root, destination, target);
    if (options.bind === undefined) reconfigure(b, target, options);
    setAttributes(b, target, options);
    setPropagation(b, target, options);
    b.call("close", [target]);
  });
}

function reconfigure(b: Builder, target: Register, options: MountOptions): void {
  b.scratch("context", (context) => {
    b.call("fspick", [target, "", FSPICK_CLOEXEC | FSPICK_EMPTY_PATH], { into: context });
    configureSuperblock(b, context, options);
    b.call("fsconfig", [context, FSCONFIG_CMD_RECONFIGURE]);
    b.call("close", [context]);
  });
}
