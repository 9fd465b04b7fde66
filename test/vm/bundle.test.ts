// The same bundle runs with runt and with Debian's runtimes: what other tests compare.

import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { bundle } from "../container/bed.ts";
import { sh } from "../container/config.ts";

const DIST = fileURLToPath(new URL("../../dist", import.meta.url));

test.each([join(DIST, "runt"), "/usr/bin/crun", "/usr/sbin/runc"])("%s", (binary) => {
  const container = bundle((config) => {
    config.hostname = "inside";
    config.process.args = sh("hostname; echo $$; id -u; exit 7");
  });
  // `under` comes before the runtime, and runs another one in its place.
  const under = ["sh", "-c", 'shift; exec "$0" "$@"', binary];
  const result = container.callWith({ under }, "run", container.id);
  expect(result).toEqual({ code: 7, stdout: "inside\n1\n0\n", stderr: "" });
});
