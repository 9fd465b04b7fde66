// From TypeScript to one static binary: typecheck, bundle, cargo, bytecode, and the engine with all of it loaded.
// `npm run build`.

import { execFileSync } from "node:child_process";
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

export const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));
const BUILD = join(ROOT, "native/target/bundle");
const NATIVE = join(ROOT, "native");
const TARGETS = { x64: "x86_64-unknown-linux-gnu", arm64: "aarch64-unknown-linux-gnu" };
/** What the binary is made of: files, and directories with all that is below them. */
const INPUTS = [
  "src",
  "native/host",
  "native/stage",
  "native/program",
  "native/Cargo.lock",
  "package-lock.json",
];

/** For those who compile the host themselves, like the linter. */
export const HOST_ENVIRONMENT = { RUNT_STAGE: join(NATIVE, "target/release/stage") };

/**
 * @param {{ binary?: string, work?: string, plugins?: import("esbuild").Plugin[], inputs?: string[] }} [variant] of a
 *   test: another binary, made in another directory, with plugins for the bundle that depend on more inputs
 * @returns {Promise<string>} path of the binary
 */
export async function build(variant = {}) {
  const { binary = join(ROOT, "dist/runt"), work = BUILD, plugins = [], inputs = [] } = variant;
  const all = [...INPUTS, "tools/build.mjs", ...inputs].map((name) => join(ROOT, name));
  if (newest([binary]) > newest(all)) return binary;
  run(join(ROOT, "node_modules/.bin/tsc"), ["--noEmit"]);
  cargo(["-p", "stage"], { RUSTFLAGS: "-C relocation-model=static" });
  const target = TARGETS[process.arch];
  const flags = "-C target-feature=+crt-static -C relocation-model=static";
  // Of the engine, which is C: nothing unwinds through it.
  const CFLAGS = "-O2 -fno-unwind-tables -fno-asynchronous-unwind-tables";
  cargo(["-p", "host", "--target", target], { RUSTFLAGS: flags, CFLAGS, ...HOST_ENVIRONMENT });
  const host = join(NATIVE, "target", target, "release/host");
  const collected = await load(host, join(work, "collect"), "src/collect.ts", plugins, "");
  const { memory } = await load(host, work, "src/main.ts", plugins, collected.output);
  mkdirSync(dirname(binary), { recursive: true });
  rmSync(binary, { force: true });
  writeFileSync(binary, withSegment(readFileSync(host), readFileSync(memory)), { mode: 0o755 });
  return binary;
}

/**
 * Has the host load a program.
 * @param {string} host
 * @param {string} work
 * @param {string} entry
 * @param {import("esbuild").Plugin[]} plugins
 * @param {string | Buffer} input what the program reads meanwhile
 * @returns what the program prints meanwhile, and the file with the memory of the engine
 */
async function load(host, work, entry, plugins, input) {
  await bundle(work, entry, plugins);
  const memory = join(work, "runt.memory");
  const files = (ending) => readdirSync(work).filter((name) => name.endsWith(ending));
  const paths = (names) => names.map((name) => join(work, name));
  run(host, ["compile", ...paths(files(".js"))]);
  // A file, and not a pipe, which would have to be read.
  const parts = join(work, "runt.parts");
  writeFileSync(parts, input);
  const stdin = openSync(parts, "r");
  const output = execFileSync(host, ["load", memory, ...paths(files(".bytecode"))], {
    stdio: [stdin, "pipe", "inherit"],
    maxBuffer: 16 << 20,
  });
  closeSync(stdin);
  return { output, memory };
}

/** Where the memory of the engine is, and how much the kernel reserves for it: native/host/src/arena.rs. */
const ARENA = { address: 0x1000_0000_0000n, size: 16 << 20 };

/**
 * An executable that the kernel maps with the memory: a program header that nobody reads, that of the build id,
 * becomes one of a segment (elf(5)).
 * @param {Buffer} executable
 * @param {Buffer} memory
 */
function withSegment(executable, memory) {
  const [PT_LOAD, PT_NOTE, READ_WRITE, PAGE] = [1, 4, 6, 4096];
  const first = Number(executable.readBigUInt64LE(32));
  const [size, count] = [executable.readUInt16LE(54), executable.readUInt16LE(56)];
  const headers = Array.from({ length: count }, (_, index) => first + index * size);
  const header = headers.findLast((at) => executable.readUInt32LE(at) === PT_NOTE);
  if (header === undefined) throw new Error("the executable has no program header to spare");
  const offset = Math.ceil(executable.length / PAGE) * PAGE;
  executable.writeUInt32LE(PT_LOAD, header);
  executable.writeUInt32LE(READ_WRITE, header + 4);
  const fields = [offset, ARENA.address, ARENA.address, memory.length, ARENA.size, PAGE];
  fields.forEach((value, index) => {
    executable.writeBigUInt64LE(BigInt(value), header + 8 + index * 8);
  });
  return Buffer.concat([executable, Buffer.alloc(offset - executable.length), memory]);
}

/**
 * @param {string} work
 * @param {string} entry becomes main.js
 * @param {import("esbuild").Plugin[]} plugins
 */
async function bundle(work, entry, plugins) {
  // Imported here, since the packages may only just have been installed.
  const esbuild = await import("esbuild");
  rmSync(work, { recursive: true, force: true });
  const { version } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8"));
  await esbuild.build({
    entryPoints: { main: join(ROOT, entry) },
    outdir: work,
    plugins,
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
  execFileSync(command, args, {
    cwd: command === "cargo" ? NATIVE : ROOT,
    env: { ...process.env, ...env },
    stdio: "inherit",
  });
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
