// `npm run order`: native/host/hot-symbols.txt anew, from what valgrind(1) sees being called by the common commands.
// To be run when the engine or the compiler of Rust is another one; the result is committed.

import { execFileSync, spawnSync } from "node:child_process";
import * as fs from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { build, ROOT } from "./build.mjs";
import { busyboxRootfs, debianPackages, enterPrivateNamespace, isRoot, npmPackages, run } from "./setup.mjs";

if (!isRoot) throw new Error("the commands make containers, and need root for that");
enterPrivateNamespace();
npmPackages();
debianPackages({ valgrind: "valgrind", cc: "gcc" });
process.env.CARGO_PROFILE_RELEASE_STRIP = "false";
const work = join(ROOT, "native/target/order");
const binary = await build({ binary: join(work, "runt"), work: join(work, "bundle") });

const directory = fs.mkdtempSync(join(tmpdir(), "runt-order-"));
const bundle = join(directory, "bundle");
busyboxRootfs(join(bundle, "rootfs"));
run(binary, ["spec", "--bundle", bundle]);
const path = join(bundle, "config.json");
const config = JSON.parse(fs.readFileSync(path, "utf8"));
config.process.terminal = false;
config.process.args = ["/bin/true"];
fs.writeFileSync(path, JSON.stringify(config));

const id = `order-${process.pid}`;
const root = ["--root", join(directory, "root")];
run(binary, [...root, "create", "--bundle", bundle, id]);
const commands = [
  // valgrind does not know clone3(2): this one fails there, when most has been called.
  ["run", "--bundle", bundle, `${id}-again`],
  ["state", id],
  ["start", id],
  ["delete", "--force", id],
];
const called = commands.flatMap((command, index) => {
  const profile = join(directory, String(index));
  const valgrind = ["--tool=callgrind", "--demangle=no", `--callgrind-out-file=${profile}`, binary];
  spawnSync("valgrind", ["--quiet", ...valgrind, ...root, ...command], { stdio: "ignore" });
  // `fn=(12) name'2`, which is written out once: where the function calls or where it is called.
  const names = fs.readFileSync(profile, "utf8").matchAll(/^c?fn=\(\d+\) (\S+?)(?:'\d+)?$/gm);
  return [...names].map(([, name = ""]) => name);
});
fs.rmSync(directory, { recursive: true });

/** What comes after the clone3(2) that fails there, by the page faults of a real `run`. */
const LATER = [
  "js_atod",
  "js_typed_array_set",
  "js_array_from",
  "JS_NewBigInt64",
  "__trunc_ifunc",
  "__log1p_ifunc",
  "__ctype_init",
  "getrlimit64",
  "_dl_new_object",
  "_dl_setup_hash",
  "_dl_lookup_symbol_x",
  "pthread_mutex_lock",
  "pthread_mutex_unlock",
  "__strcmp_evex",
  "string_buffer_fill",
  "output_digits",
  "js_typed_array_of",
  "start",
];
/** The same for functions of Rust, whose names end with a hash. */
const LATER_OF_RUST = ["_ZN4host5spawn7prepare", "_ZN13rquickjs_core5value6string6String8from_str"];
/** Of the C library's functions those for processors that valgrind has not. */
const siblings = (name) => {
  const base = name.match(/^(__[a-z]+)_(?:sse2|avx)/)?.[1];
  return base === undefined ? [] : [name, `${base}_evex`, `${base}_avx512_unaligned_erms`];
};

const symbols = execFileSync("nm", [binary], { encoding: "utf8" });
const known = new Set(symbols.split("\n").map((line) => line.split(" ").at(-1)));
const later = [...known].filter((name = "") => LATER_OF_RUST.some((beginning) => name.startsWith(beginning)));
const all = [...called.flatMap((name) => [name, ...siblings(name)]), ...LATER, ...later];
const names = [...new Set(all)].filter((name) => known.has(name));
if (names.length < 300) throw new Error(`only ${names.length} functions were called`);
fs.writeFileSync(join(ROOT, "native/host/hot-symbols.txt"), `${names.join("\n")}\n`);
console.log(`${names.length} symbols`);
