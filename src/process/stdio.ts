// Standard streams that are the host's /dev/null become the container's: an open file of the host's devtmpfs would
// keep that filesystem within reach.

import { F_SETFL, O_NOCTTY, O_NONBLOCK, O_RDWR } from "../abi/constants.ts";
import type { Builder, PartInputs } from "../program/builder.ts";
import type { Register } from "../program/instruction.ts";
import { verifyNull } from "../rootfs/protect.ts";
import { how } from "../rootfs/structures.ts";

/** @param descriptors those of 0 to 2 that are the null device of the host */
export function compileNullStdio(b: Builder, root: Register, descriptors: readonly number[]): void {
  b.from("");
  if (descriptors.length === 0) return;
  b.part("stdio", { subject: null, detail: descriptors.join(), registers: [root] }, compileReplace);
}

function compileReplace(b: Builder, { detail, registers }: PartInputs): void {
  const [root] = registers as [Register];
  const descriptors = detail.split(",").map(Number);
  b.scratch("file", (file) => {
    // Without waiting and without taking a terminal, until it is known to be what it should be.
    b.call("openat2", [root, "dev/null", how(O_RDWR | O_NONBLOCK | O_NOCTTY, true), 24], { into: file });
    verifyNull(b, file);
    b.call("fcntl", [file, F_SETFL, O_RDWR]);
    for (const fd of descriptors) b.call("dup3", [file, fd]);
    b.call("close", [file]);
  });
}
