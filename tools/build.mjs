// From TypeScript to one static binary: typecheck, bundle, cargo, bytecode, and the engine with all of it loaded.
// `npm run build`.

import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  closeSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
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
  "native/compiler",
  "native/stage",
  "native/program",
  "native/Cargo.lock",
  "package-lock.json",
];

/** For those who compile the host themselves, like the linter. */
export const HOST_ENVIRONMENT = { RUNT_STAGE: join(NATIVE, "target/release/stage") };

/** What the host is linked with, beside the C library. */
export const LIBRARY = "libseccomp.a";
export const NO_LIBRARY = `${LIBRARY} is needed to build runt: install libseccomp-dev (Debian, Ubuntu) or libseccomp-static`;

/** Where the compiler would find it, it says the whole path. */
export function hasLibrary() {
  return execFileSync("cc", [`-print-file-name=${LIBRARY}`], { encoding: "utf8" }).startsWith("/");
}

/**
 * @param {{ binary?: string, work?: string, plugins?: import("esbuild").Plugin[], inputs?: string[] }} [variant] of a
 *   test: another binary, made in another directory, with plugins for the bundle that depend on more inputs
 * @returns {Promise<string>} path of the binary
 */
export async function build(variant = {}) {
  const { binary = join(ROOT, "dist/runt"), work = BUILD, plugins = [], inputs = [] } = variant;
  const all = [...INPUTS, "tools/build.mjs", ...inputs].map((name) => join(ROOT, name));
  if (newest([binary]) > newest(all)) return binary;
  if (!hasLibrary()) throw new Error(NO_LIBRARY);
  run(join(ROOT, "node_modules/.bin/tsc"), ["--noEmit"]);
  cargo(["-p", "stage"], { RUSTFLAGS: "-C relocation-model=static" });
  const target = TARGETS[process.arch];
  const profile = await engineProfile(target, plugins);
  buildHost(target, profile === undefined ? "" : `-fprofile-use=${profile} -fprofile-correction`);
  const release = join(NATIVE, "target", target, "release");
  const host = join(release, "host");
  const { files, parts, hot } = await rehearse(release, work, plugins);
  const memory = join(work, "runt.memory");
  load(host, files, memory, hot, parts);
  mkdirSync(dirname(binary), { recursive: true });
  rmSync(binary, { force: true });
  writePieces(binary, withSegment(readFileSync(host), readFileSync(memory)));
  return binary;
}

/** Where runs of the engine have told how often each line of it is executed: gcc(1), -fprofile-use. */
const PROFILES = join(NATIVE, "target/profiles");

/**
 * Made once for an engine and a compiler: compiling what the build compiles is near enough to what commands do.
 * @param {string} target
 * @param {import("esbuild").Plugin[]} plugins
 * @returns {Promise<string | undefined>} a directory; undefined where the compiler is not GCC, whose format it is
 */
async function engineProfile(target, plugins) {
  const version = execFileSync("cc", ["--version"], { encoding: "utf8" });
  if (!version.includes("Free Software Foundation")) return undefined;
  // The compiler looks for a profile by the whole path of a file.
  const inputs = [version, ENGINE_FLAGS, ROOT, readFileSync(join(NATIVE, "Cargo.lock"))];
  const name = inputs.reduce((hash, input) => hash.update(input), createHash("sha256")).digest("hex");
  const directory = join(PROFILES, name.slice(0, 16));
  if (existsSync(directory)) return directory;
  const unfinished = `${directory}.new`;
  rmSync(unfinished, { recursive: true, force: true });
  // The path is in the executable, and a finished profile has another one.
  buildHost(target, `-fprofile-generate=${unfinished} -fprofile-update=single`);
  await rehearse(join(NATIVE, "target", target, "release"), join(NATIVE, "target/profiles/bundle"), plugins);
  renameSync(unfinished, directory);
  return directory;
}

/**
 * Of the engine, which is C: nothing unwinds through it; where functions begin makes it larger and not faster; its
 * own allocator, which one name switches off, would mix the objects that arena.rs keeps apart; and it is never moved.
 */
const ENGINE_FLAGS = [
  "-O2 -fno-unwind-tables -fno-asynchronous-unwind-tables -fno-pic -fno-pie",
  "-falign-functions=1 -fno-align-loops -fno-align-jumps",
  "-D__SANITIZE_ADDRESS__",
].join(" ");

/**
 * @param {string} target
 * @param {string} profiling flags of the C compiler
 */
function buildHost(target, profiling) {
  // The library is of use to an engine that writes a profile only, but where its files are depends on these flags.
  const library = profiling === "" ? "" : "-C link-arg=-lgcov";
  cargo(["-p", "host", "-p", "compiler", "--target", target], {
    RUSTFLAGS: `-C target-feature=+crt-static -C relocation-model=static ${library}`,
    CFLAGS: `${ENGINE_FLAGS} ${profiling}`,
    ...HOST_ENVIRONMENT,
  });
}

/**
 * Compiles the program, and shows what of its memory a process will write to, so that it lies together afterwards.
 * @param {string} release where the host and the compiler are
 * @param {string} work
 * @param {import("esbuild").Plugin[]} plugins
 */
async function rehearse(release, work, plugins) {
  const [host, compiler] = [join(release, "host"), join(release, "compiler")];
  const files = await bytecode(compiler, work, "src/main.ts", plugins);
  const collect = await bytecode(compiler, join(work, "collect"), "src/collect.ts", plugins);
  const parts = join(work, "collect/runt.parts");
  const nothing = join(work, "collect/nothing");
  writeFileSync(nothing, Buffer.alloc(16));
  writeFileSync(parts, load(host, collect, join(work, "collect/runt.memory"), nothing));
  const hot = join(work, "runt.hot");
  prepareRehearsal(work, host);
  load(host, files, hot, undefined, parts);
  return { files, parts, hot };
}

/** Of a file, which the kernel keeps together where it is written at once, and maps faster than single pages. */
const PIECE = 32 << 10;

/**
 * In pieces: of one that is larger more is mapped than is touched, 0.4 MB more of each process; with single pages `run` takes
 * 7% longer.
 * @param {string} path of an executable
 * @param {Buffer} contents
 */
function writePieces(path, contents) {
  const file = openSync(path, "w", 0o755);
  for (let at = 0; at < contents.length; at += PIECE) writeSync(file, contents.subarray(at, at + PIECE));
  closeSync(file);
}

/**
 * @param {string} compiler
 * @param {string} work
 * @param {string} entry
 * @param {import("esbuild").Plugin[]} plugins
 * @returns paths of the bytecode of a program
 */
async function bytecode(compiler, work, entry, plugins) {
  await bundle(work, entry, plugins);
  const files = (ending) => readdirSync(work).filter((name) => name.endsWith(ending));
  const paths = (names) => names.map((name) => join(work, name));
  run(compiler, paths(files(".js")));
  return paths(files(".bytecode"));
}

/**
 * Has the host load a program, whose memory is written to `out`, or, without `hot`, what of it a rehearsal has written to.
 * @param {string} host
 * @param {string[]} files
 * @param {string} out
 * @param {string} [hot] what a load without it has written
 * @param {string} [input] a file, and not a pipe, which would have to be read
 * @returns {Buffer} what the program prints meanwhile
 */
function load(host, files, out, hot = "/dev/null", input = "/dev/null") {
  const stdin = openSync(input, "r");
  const options = { cwd: dirname(out), stdio: [stdin, "pipe", "inherit"], maxBuffer: 16 << 20 };
  const output = execFileSync(host, [out, hot, ...files], options);
  closeSync(stdin);
  return output;
}

/** A root filesystem with a program that ends at once: src/rehearsal.ts runs it below `work`. */
function prepareRehearsal(work, program) {
  mkdirSync(join(work, "rootfs"), { mode: 0o755 });
  copyFileSync(program, join(work, "rootfs/program"));
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
    define: {
      RUNT_VERSION: JSON.stringify(version),
      RUNT_COMMIT: JSON.stringify(commit()),
      RUNT_HELP: JSON.stringify(await helpTexts(esbuild)),
    },
    logLevel: "warning",
  });
}

/**
 * What src/cli/help.ts makes, in Node.
 * @param {typeof import("esbuild")} esbuild
 * @returns {Promise<Record<string, string>>} by command
 */
async function helpTexts({ build }) {
  const entryPoints = [join(ROOT, "src/cli/help.ts")];
  const options = { bundle: true, write: false, platform: "node", format: "esm", packages: "external" };
  const { outputFiles } = await build({ entryPoints, ...options });
  // Where its imports are found.
  const script = join(NATIVE, "target/help.mjs");
  writeFileSync(script, outputFiles[0].text);
  return (await import(`${pathToFileURL(script)}?${Date.now()}`)).helpTexts();
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
