// A second binary, in which the parts of launch.ts and of the cgroupfs driver are wrapped. The product itself knows nothing of faults.

import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build, ROOT } from "../../tools/build.mjs";

const WRAPPED = fileURLToPath(new URL("wrapped", import.meta.url));
const WRAPPING = [
  "src/container/begin.ts",
  "src/container/launch.ts",
  "src/container/exec.ts",
  "src/cgroups/cgroupfs_driver.ts",
].map((path) => join(ROOT, path));
const WORK = join(ROOT, "native/target/fault");

/** @returns {Promise<string>} its path */
export function faultyBinary() {
  return build({
    binary: join(WORK, "runt"),
    work: join(WORK, "bundle"),
    inputs: ["test/fault/wrapped", "test/fault/binary.mjs"],
    plugins: [
      {
        name: "wrap",
        setup({ onResolve }) {
          onResolve({ filter: /\/(spawn|channel|store|cgroupfs)\.ts$/ }, ({ importer, path }) =>
            WRAPPING.includes(importer) ? { path: join(WRAPPED, basename(path)) } : null,
          );
        },
      },
    ],
  });
}
