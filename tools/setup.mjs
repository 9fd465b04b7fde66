// What the other tools need before they can work: packages, the binary, a root filesystem, a place to mount.
// Everything that is installed is announced first; nothing is installed that is there already.

import { execFileSync, spawnSync } from "node:child_process";
import * as fs from "node:fs";
import { delimiter, join } from "node:path";
import { build, hasLibrary, LIBRARY, NO_LIBRARY, ROOT } from "./build.mjs";

const CACHE = join(ROOT, "native/target/debian");
const INSIDE = "RUNT_PRIVATE_NAMESPACE";

/** Whether containers can be run at all: they need mounts and cgroups. */
export const isRoot = process.getuid?.() === 0;

/** @param {string} text */
export function say(text) {
  console.log(`==> ${text}`);
}

/** The npm packages of package-lock.json, in node_modules. */
export function npmPackages() {
  const installed = join(ROOT, "node_modules/.package-lock.json");
  const locked = fs.statSync(join(ROOT, "package-lock.json")).mtimeMs;
  if ((fs.statSync(installed, { throwIfNoEntry: false })?.mtimeMs ?? 0) >= locked) return;
  say("installing the npm packages of package-lock.json in node_modules (npm ci)");
  run("npm", ["ci", "--no-audit", "--no-fund"]);
  // `npm ci` may restore older times than the checkout has.
  fs.utimesSync(installed, new Date(), new Date());
}

/**
 * Installs the Debian packages of those commands that are missing.
 * @param {Record<string, string>} packages the package of each command
 * @param {(command: string) => boolean} [isThere] for what is no command
 * @returns {string[]} the commands that are still missing
 */
export function debianPackages(packages, isThere = (command) => which(command) !== undefined) {
  const missing = () => Object.keys(packages).filter((command) => !isThere(command));
  const wanted = missing();
  if (wanted.length === 0) return [];
  const names = [...new Set(wanted.map((command) => packages[command] ?? command))];
  if (!isRoot || which("apt-get") === undefined) {
    say(`missing: ${wanted.join(", ")}. As root on Debian this installs: ${names.join(" ")}`);
    return wanted;
  }
  say(`installing the Debian packages: ${names.join(" ")} (apt-get install)`);
  const options = { env: { ...process.env, DEBIAN_FRONTEND: "noninteractive" } };
  const install = ["install", "--yes", "--quiet=2", "--no-install-recommends", ...names];
  // The list of packages may be missing or old: fetched only then, it takes the longest.
  if (!succeeds("apt-get", install, options)) {
    run("apt-get", ["update", "--quiet=2"], options);
    run("apt-get", install, options);
  }
  return missing();
}

/** @returns {Promise<string>} path of the current binary, built if it was not */
export async function runtBinary() {
  if (debianPackages({ cc: "gcc" }).length > 0) throw new Error("a C compiler is needed to build runt");
  if (debianPackages({ [LIBRARY]: "libseccomp-dev" }, hasLibrary).length > 0) throw new Error(NO_LIBRARY);
  if (which("cargo") === undefined)
    throw new Error("cargo is needed to build runt: install Rust with rustup");
  return await build();
}

/**
 * A busybox that needs no libraries: the one of PATH, or that of Debian's package busybox-static, which is only
 * unpacked below native/target, since installing it would replace a dynamic busybox of the system.
 * @returns {string}
 */
export function staticBusybox() {
  const unpacked = ["usr/bin/busybox", "bin/busybox"].map((path) => join(CACHE, path));
  const found = () => [which("busybox"), ...unpacked].find((path) => path !== undefined && isStatic(path));
  const first = found();
  if (first !== undefined) return first;
  if (which("apt-get") !== undefined && which("dpkg-deb") !== undefined) {
    say(`unpacking the Debian package busybox-static in ${CACHE} (apt-get download, dpkg-deb)`);
    fs.mkdirSync(CACHE, { recursive: true });
    const download = ["download", "--quiet=2", "busybox-static"];
    if (!succeeds("apt-get", download, { cwd: CACHE })) {
      if (isRoot) run("apt-get", ["update", "--quiet=2"]);
      run("apt-get", download, { cwd: CACHE });
    }
    const archive = fs.readdirSync(CACHE).find((name) => name.endsWith(".deb"));
    if (archive !== undefined) run("dpkg-deb", ["--extract", join(CACHE, archive), CACHE]);
  }
  const second = found();
  if (second !== undefined) return second;
  throw new Error("no static busybox: install one in PATH (Debian: busybox-static)");
}

/**
 * Makes a root filesystem of one program: busybox, and a link for each of its commands.
 * @param {string} directory is created
 */
export function busyboxRootfs(directory) {
  const busybox = staticBusybox();
  for (const name of ["bin", "dev", "etc", "home", "proc", "root", "sys", "tmp", "var"]) {
    fs.mkdirSync(join(directory, name), { recursive: true, mode: 0o755 });
  }
  fs.chmodSync(directory, 0o755);
  fs.chmodSync(join(directory, "tmp"), 0o1777);
  fs.copyFileSync(busybox, join(directory, "bin/busybox"));
  fs.chmodSync(join(directory, "bin/busybox"), 0o755);
  for (const name of applets(busybox)) fs.symlinkSync("busybox", join(directory, "bin", name));
  const users = ["root:x:0:0:root:/root:/bin/sh", "nobody:x:65534:65534:nobody:/home:/bin/sh"];
  fs.writeFileSync(join(directory, "etc/passwd"), `${users.join("\n")}\n`);
  fs.writeFileSync(join(directory, "etc/group"), "root:x:0:\nnogroup:x:65534:\n");
}

/** @type {string[]} */
const known = [];

/** @param {string} busybox */
function applets(busybox) {
  if (known.length === 0) {
    const list = execFileSync(busybox, ["--list"], { encoding: "utf8" });
    known.push(...list.split("\n").filter((name) => name !== "" && name !== "busybox"));
  }
  return known;
}

// Nothing that is mounted here is seen outside. Where version 2 of cgroups is mounted beside version 1, it takes the
// usual place, since runc and crun look for it nowhere else.
const ENTER = `
mount --make-rprivate / || exit
if [ -e /sys/fs/cgroup/unified/cgroup.procs ]; then
  mount --bind /sys/fs/cgroup/unified /sys/fs/cgroup || exit
fi
exec "$@"`;

/** Executes this very process again, in a mount namespace of its own: returns only there, or without root. */
export function enterPrivateNamespace() {
  if (!isRoot || process.env[INSIDE] !== undefined) return;
  const self = [process.execPath, ...process.execArgv, ...process.argv.slice(1)];
  const env = { ...process.env, [INSIDE]: "1" };
  const { status } = spawnSync("unshare", ["-m", "sh", "-c", ENTER, "sh", ...self], {
    env,
    stdio: "inherit",
  });
  process.exit(status ?? 1);
}

/**
 * @param {string} command
 * @returns {string | undefined} path of a command in PATH, or in a directory that only root has there
 */
export function which(command) {
  const directories = [...(process.env.PATH ?? "").split(delimiter), "/usr/sbin", "/sbin"];
  return directories.map((directory) => join(directory, command)).find(isExecutable);
}

/** @param {string} path */
function isExecutable(path) {
  try {
    fs.accessSync(path, fs.constants.X_OK);
    return fs.statSync(path).isFile();
  } catch {
    return false;
  }
}

const ELF_MAGIC = 0x464c457f;
const PT_INTERP = 3;

/**
 * Whether this is a 64-bit ELF file that asks for no dynamic linker.
 * @param {string} path
 */
function isStatic(path) {
  if (!isExecutable(path)) return false;
  const file = fs.readFileSync(path);
  if (file.length < 64 || file.readUInt32LE(0) !== ELF_MAGIC) return false;
  const [table, size, count] = [
    Number(file.readBigUInt64LE(32)),
    file.readUInt16LE(54),
    file.readUInt16LE(56),
  ];
  return !Array.from({ length: count }, (_, i) => file.readUInt32LE(table + i * size)).includes(PT_INTERP);
}

/**
 * @param {string} command
 * @param {string[]} args
 * @param {object} [options]
 */
export function run(command, args, options = {}) {
  execFileSync(command, args, { cwd: ROOT, stdio: ["ignore", "inherit", "inherit"], ...options });
}

/**
 * @param {string} command
 * @param {string[]} args
 * @param {object} [options]
 */
function succeeds(command, args, options = {}) {
  return spawnSync(command, args, { stdio: "ignore", ...options }).status === 0;
}
