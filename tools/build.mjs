// From TypeScript to one static binary: typecheck, bundle, bytecode, cargo. `npm run build`.

import { execFileSync } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

export const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));
const BUILD = join(ROOT, "native/target/bundle");
const NATIVE = join(ROOT, "native");
const TARGETS = { x64: "x86_64-unknown-linux-gnu", arm64: "aarch64-unknown-linux-gnu" };
/** What the binary is made of: files, and directories with all that is below them. */
const INPUTS = ["src", "native/host", "native/stage", "native/bytecode", "native/Cargo.lock", "package-lock.json"];

/** Where the parts of the binary are, for those who compile the host themselves: the linter. */
export const PARTS = {
  RUNT_BYTECODE: join(BUILD, "runt.bytecode"),
  RUNT_STAGE: join(NATIVE, "target/release/stage"),
};

/** @returns {Promise<string>} path of the binary */
export async function build() {
  const { RUNT_BYTECODE, RUNT_STAGE } = PARTS;
  const binary = join(ROOT, "dist/runt");
  if (newest([binary]) > newest([...INPUTS, "tools/build.mjs"].map((name) => join(ROOT, name)))) return binary;
  run(join(ROOT, "node_modules/.bin/tsc"), ["--noEmit"]);
  await bundle();
  cargo(["-p", "bytecode"]);
  const scripts = readdirSync(BUILD).filter((name) => name.endsWith(".js") && name !== "main.js");
  const paths = ["main.js", ...scripts].map((name) => join(BUILD, name));
  run(join(NATIVE, "target/release/bytecode"), [RUNT_BYTECODE, ...paths]);
  cargo(["-p", "stage"], { RUSTFLAGS: "-C relocation-model=static" });
  const target = TARGETS[process.arch];
  const static_ = "-C target-feature=+crt-static -C relocation-model=static";
  cargo(["-p", "host", "--target", target], { RUSTFLAGS: static_, RUNT_BYTECODE, RUNT_STAGE });
  mkdirSync(dirname(binary), { recursive: true });
  rmSync(binary, { force: true });
  copyFileSync(join(NATIVE, "target", target, "release/host"), binary);
  return binary;
}

async function bundle() {
  // Imported here, since the packages may only just have been installed.
  const esbuild = await import("esbuild");
  rmSync(BUILD, { recursive: true, force: true });
  const { version } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8"));
  await esbuild.build({
    entryPoints: [join(ROOT, "src/main.ts")],
    outdir: BUILD,
    bundle: true,
    splitting: true,
    minify: true,
    charset: "ascii",
    format: "esm",
    platform: "neutral",
    mainFields: ["module", "main"],
    conditions: ["import"],
    target: "es2023",
    external: ["runt:host"],
    define: { RUNT_VERSION: JSON.stringify(version), RUNT_COMMIT: JSON.stringify(commit()) },
    logLevel: "warning",
  });
}

/** Empty where this is not a checkout. */
function commit() {
  try {
    const options = { cwd: ROOT, encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] };
    return execFileSync("git", ["rev-parse", "--short=12", "HEAD"], options).trim();
  } catch {
    return "";
  }
}

function cargo(args, env = {}) {
  run("cargo", ["build", "--release", "--locked", "--quiet", ...args], env);
}

function run(command, args, env = {}) {
  execFileSync(command, args, { cwd: command === "cargo" ? NATIVE : ROOT, env: { ...process.env, ...env }, stdio: "inherit" });
}

/** Milliseconds of the last change; 0 where there is nothing. */
function newest(paths) {
  const times = paths.filter(existsSync).map((path) => {
    const status = statSync(path);
    if (!status.isDirectory()) return status.mtimeMs;
    return newest(readdirSync(path).map((name) => join(path, name)));
  });
  return Math.max(0, ...times);
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) console.log(await build());
