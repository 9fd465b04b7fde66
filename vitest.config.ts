// Tests that run in Node. `runt:host`, the module of primitives that the host builds in, is a stub there.
// Container tests mount things and need root: as root, everything runs in a private mount namespace.

import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";
import { enterPrivateNamespace, isRoot } from "./tools/setup.mjs";

enterPrivateNamespace();

const NEED_ROOT = ["test/container/**", "test/fault/**", "test/systemd/**"];
/** The host has systemd as its first process, and all controllers of cgroup v2. */
const NEED_MACHINE = ["test/vm/**"];

// biome-ignore lint/style/noDefaultExport: vitest reads the default export of this file.
export default defineConfig({
  resolve: {
    alias: { "runt:host": fileURLToPath(new URL("test/host_stub.ts", import.meta.url)) },
  },
  test: {
    include: ["test/**/*.test.ts"],
    exclude: isRoot ? NEED_MACHINE : [...NEED_ROOT, ...NEED_MACHINE],
    testTimeout: 30_000,
  },
});
