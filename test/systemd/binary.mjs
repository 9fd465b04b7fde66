// A second binary, in which the entry is another: the systemd driver alone, as driver/main.ts.

import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build, ROOT } from "../../tools/build.mjs";

const DRIVER = fileURLToPath(new URL("driver/main.ts", import.meta.url));
const WORK = join(ROOT, "native/target/systemd");

/** @returns {Promise<string>} its path */
export function driverBinary() {
  return build({
    binary: join(WORK, "driver"),
    work: join(WORK, "bundle"),
    inputs: ["test/systemd/driver", "test/systemd/binary.mjs"],
    plugins: [
      {
        name: "entry",
        setup({ onLoad }) {
          onLoad({ filter: /\/src\/main\.ts$/ }, () => ({
            contents: readFileSync(DRIVER, "utf8"),
            loader: "ts",
            resolveDir: dirname(DRIVER),
          }));
        },
      },
    ],
  });
}
