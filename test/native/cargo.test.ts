// The tests of native/ that are written in Rust: what the assembler makes of a program.

import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { expect, test } from "vitest";
import { build, HOST_ENVIRONMENT, ROOT } from "../../tools/build.mjs";

test("cargo test", { timeout: 600_000 }, async () => {
  // The host is compiled with the stage in it.
  await build();
  const args = ["test", "--release", "--locked", "--quiet", "--package", "host"];
  const env = { ...process.env, ...HOST_ENVIRONMENT };
  const output = execFileSync("cargo", args, { cwd: join(ROOT, "native"), encoding: "utf8", env });
  expect(Number(/(\d+) passed; 0 failed/.exec(output)?.[1])).toBeGreaterThan(15);
});
