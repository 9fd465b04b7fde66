// `process.cwd`, checked after it was entered: a working directory outside of the container's root would be a door to
// the host (CVE-2024-21626).

import { O_DIRECTORY } from "../abi/constants.ts";
import { ENOENT } from "../abi/errno.ts";
import { type Builder, data, field, type PartInputs } from "../program/builder.ts";
import type { Register } from "../program/instruction.ts";
import { containerPath } from "../rootfs/path.ts";
import { openInRoot, openOrMakeDirectory } from "../rootfs/resolve.ts";

/** PATH_MAX, limits.h. */
const PATH_SIZE = 4096;

/** Before the root may become read-only: a missing directory is made. */
export function compileMakeDirectory(b: Builder, root: Register, cwd: string): void {
  const path = containerPath(cwd);
  if (path === "/") return;
  b.from("/process/cwd");
  b.scratch("directory", (directory) => {
    openOrMakeDirectory(b, root, path, directory);
    b.call("close", [directory]);
  });
}

/**
 * After pivot_root, and after everything that could cover the directory: a mask over it must hold for the container's
 * first process as well. getcwd(2) gives `(unreachable)/...` for what is not below the root.
 */
export function compileEnterDirectory(b: Builder, root: Register, cwd: string): void {
  b.from("/process/cwd");
  b.part("cwd", { subject: null, detail: cwd, registers: [root] }, compileEnter);
}

function compileEnter(b: Builder, { detail: cwd, registers }: PartInputs): void {
  const [root] = registers as [Register];
  const inside = b.label();
  const path = data(new Uint8Array(PATH_SIZE), "path");
  b.scratch("directory", (directory) => {
    openInRoot(b, root, containerPath(cwd), directory, { flags: O_DIRECTORY });
    b.call("fchdir", [directory]);
    b.call("close", [directory]);
  });
  b.call("getcwd", [path, PATH_SIZE]);
  b.scratch("first", (first) => {
    b.peek(first, field(path, 0), 1);
    b.jumpIf(first, "==", "/".charCodeAt(0), inside);
  });
  b.fail(ENOENT, "the working directory is outside of the container's root");
  b.place(inside);
}
