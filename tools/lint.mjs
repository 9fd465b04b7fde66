// `npm run lint`: the formatters and linters of both languages. All of them run, even if one finds something.

import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { HOST_ENVIRONMENT, ROOT } from "./build.mjs";
import { npmPackages, which } from "./setup.mjs";

npmPackages();
// The host embeds these when it is compiled; what is in them does not matter to a linter.
for (const path of Object.values(HOST_ENVIRONMENT).filter((part) => !existsSync(part))) {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, "");
}

const bin = (name) => join(ROOT, "node_modules/.bin", name);
const CHECKS = [
  [bin("biome"), "check", "--error-on-warnings"],
  [bin("tsc"), "--noEmit"],
  [bin("tsc"), "--noEmit", "--project", "test"],
  ["cargo", "fmt", "--all", "--check"],
  ["cargo", "clippy", "--workspace", "--release", "--locked", "--quiet", "--", "--deny", "warnings"],
];

if (which("cargo") === undefined)
  throw new Error("cargo is needed to check native/: install Rust with rustup");
const failed = CHECKS.filter(([command = "", ...args]) => {
  console.log(`$ ${[command.replace(`${ROOT}/`, ""), ...args].join(" ")}`);
  const cwd = command === "cargo" ? join(ROOT, "native") : ROOT;
  const { status } = spawnSync(command, args, {
    cwd,
    env: { ...process.env, ...HOST_ENVIRONMENT },
    stdio: "inherit",
  });
  return status !== 0;
});
console.log(
  failed.length === 0 ? "lint: no complaints" : `lint: ${failed.length} of ${CHECKS.length} checks failed`,
);
process.exitCode = failed.length === 0 ? 0 : 1;
