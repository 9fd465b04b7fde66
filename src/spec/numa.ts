// config-linux.md: memory policy and Intel RDT, the two ways to bind memory and cache to hardware.

import {
  arrayOf,
  bool,
  type Check,
  mismatch,
  object,
  oneOf,
  reject,
  textThat,
  unlessEmpty,
} from "./check.ts";
import { ID_LIST, isIdList, parseIdList } from "./id_list.ts";
import type { LinuxIntelRdt, LinuxMemoryPolicy } from "./types.ts";
import { MEMORY_POLICY_FLAGS, MEMORY_POLICY_MODES } from "./values.ts";

/** The combinations to which set_mempolicy(2) answers EINVAL. */
function rejectPolicy({ mode, nodes = "", flags = [] }: LinuxMemoryPolicy, pointer: string): void {
  const count = parseIdList(nodes)?.length ?? 0;
  const takesNoNodes = mode === "MPOL_DEFAULT" || mode === "MPOL_LOCAL";
  if (takesNoNodes && count > 0) mismatch(nodes, `no nodes, as mode is ${mode}`, pointer, "nodes");
  if (!takesNoNodes && mode !== "MPOL_PREFERRED" && count === 0) {
    mismatch(nodes, `at least one node, as mode is ${mode}`, pointer, "nodes");
  }
  if (flags.includes("MPOL_F_STATIC_NODES") && flags.includes("MPOL_F_RELATIVE_NODES")) {
    reject(`${pointer}/flags`, "MPOL_F_STATIC_NODES and MPOL_F_RELATIVE_NODES exclude each other");
  }
}

export const memoryPolicy: Check<LinuxMemoryPolicy> = object(
  { mode: oneOf(MEMORY_POLICY_MODES) },
  { nodes: unlessEmpty(textThat(isIdList, ID_LIST)), flags: arrayOf(oneOf(MEMORY_POLICY_FLAGS)) },
  rejectPolicy,
);

/** A directory of resctrl, or `/` for its root. */
function isClosID(name: string): boolean {
  return name === "/" || (name !== "." && name !== ".." && !name.includes("/") && !name.includes("\n"));
}

/** Each value is a line of the `schemata` file. */
const line = textThat((text) => !text.includes("\n"), "a string without newlines");
const memBwLine = textThat((text) => /^MB:[^\n]*$/.test(text), "MB: and a schema, without newlines");

export const intelRdt: Check<LinuxIntelRdt> = object(
  {},
  {
    closID: unlessEmpty(textThat(isClosID, "/ or the name of a directory")),
    schemata: arrayOf(line),
    l3CacheSchema: unlessEmpty(line),
    memBwSchema: unlessEmpty(memBwLine),
    enableMonitoring: bool,
  },
);
