// Tests that run in Node. `runt:host`, the module of primitives that the host builds in, is a stub there.
// Container tests mount things and need root: as root, everything runs in a private mount namespace.

import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";
import { enterPrivateNamespace, isRoot } from "./tools/setup.mjs";

enterPrivateNamespace();

const NEED_ROOT = ["test/container/**", "test/fault/**"];
/** The same, with a service manager that is none: the virtual machine has the real one. */
const NEED_ROOT_HERE = ["test/systemd/**"];
/** The host has systemd as its first process, and all controllers of cgroup v2. */
const NEED_MACHINE = ["test/vm/**"];
const AS_USER = ["test/vm/user/**"];

/** Test files by who runs them: in the virtual machine RUNT_VM says it, and only what looks at a kernel runs there. */
function files() {
  const all = "test/**/*.test.ts";
  const only = (paths: readonly string[]) => paths.map((path) => `${path}/*.test.ts`);
  if (process.env.RUNT_VM === "user") return { include: only(AS_USER), exclude: [] };
  if (process.env.RUNT_VM === "root") return { include: only(NEED_ROOT), exclude: [] };
  if (process.env.RUNT_VM === "machine") return { include: only(NEED_MACHINE), exclude: AS_USER };
  return {
    include: [all],
    exclude: isRoot ? NEED_MACHINE : [...NEED_MACHINE, ...NEED_ROOT, ...NEED_ROOT_HERE],
  };
}

// biome-ignore lint/style/noDefaultExport: vitest reads the default export of this file.
export default defineConfig({
  resolve: {
    alias: { "runt:host": fileURLToPath(new URL("test/host_stub.ts", import.meta.url)) },
  },
  test: { ...files(), testTimeout: 30_000, hookTimeout: 30_000 },
});
