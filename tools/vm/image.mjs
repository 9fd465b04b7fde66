// The machine's disk: a Debian made of packages, as an ext4 image with its kernel beside it. It is made once for each
// suite and state of the files here, below native/target/vm, and never written to by a machine.

import { createHash } from "node:crypto";
import * as fs from "node:fs";
import { join } from "node:path";
import { ROOT } from "../build.mjs";
import { debianPackages, isRoot, run, say } from "../setup.mjs";
import { aptSettings, aptSources } from "./mirror.mjs";

export const CACHE = join(ROOT, "native/target/vm");
const HERE = join(ROOT, "tools/vm");
const INPUTS = ["packages.txt", "customize.sh", "tree", "image.mjs"];
// Sparse: what is not used takes no space.
const SIZE = "8G";

/**
 * @typedef {object} Image
 * @property {string} disk a raw image
 * @property {string} kernel
 * @property {string} initrd
 */

/**
 * @param {string} suite a release of Debian
 * @param {boolean} rebuild even if there is one: `testing` moves on
 * @returns {Image}
 */
export function image(suite, rebuild) {
  const directory = join(CACHE, `${suite}-${digest()}`);
  if (rebuild) fs.rmSync(directory, { recursive: true, force: true });
  if (!fs.existsSync(directory)) make(suite, directory);
  const [disk, kernel, initrd] = ["disk", "kernel", "initrd"].map((name) => join(directory, name));
  return { disk, kernel, initrd };
}

function digest() {
  const hash = createHash("sha256");
  for (const path of INPUTS.flatMap((name) => filesBelow(join(HERE, name)))) {
    hash.update(`${path.slice(HERE.length)}\0${fs.statSync(path).mode}\0`).update(fs.readFileSync(path));
  }
  return hash.digest("hex").slice(0, 12);
}

/** @param {string} path */
function filesBelow(path) {
  if (!fs.statSync(path).isDirectory()) return [path];
  return fs
    .readdirSync(path)
    .sort()
    .flatMap((name) => filesBelow(join(path, name)));
}

/**
 * @param {string} suite
 * @param {string} directory is there only when it is complete
 */
function make(suite, directory) {
  if (!isRoot) throw new Error("only root can make the virtual machine's image");
  const missing = debianPackages({ mmdebstrap: "mmdebstrap", "mkfs.ext4": "e2fsprogs" });
  if (missing.length > 0)
    throw new Error(`to make the virtual machine's image, install ${missing.join(", ")}`);
  say(`making the image of a virtual machine with Debian ${suite} in ${CACHE}: 1.3 GB, about a minute`);
  fs.mkdirSync(CACHE, { recursive: true });
  const work = fs.mkdtempSync(join(CACHE, "making-"));
  const tree = join(work, "tree");
  try {
    run("mmdebstrap", mmdebstrap(suite, tree), { stdio: ["ignore", "ignore", "inherit"] });
    for (const [link, name] of Object.entries({ "vmlinuz-": "kernel", "initrd.img-": "initrd" })) {
      fs.copyFileSync(join(tree, "boot", the(link, join(tree, "boot"))), join(work, name));
    }
    const features = ["-O", "^has_journal", "-E", "lazy_itable_init=1,nodiscard", "-L", "root"];
    run("mkfs.ext4", ["-q", ...features, "-d", tree, join(work, "disk"), SIZE], {
      stdio: ["ignore", "ignore", "inherit"],
    });
    fs.rmSync(tree, { recursive: true });
    removeOthers(suite);
    fs.renameSync(work, directory);
  } finally {
    fs.rmSync(work, { recursive: true, force: true });
  }
}

/**
 * @param {string} suite
 * @param {string} tree
 */
function mmdebstrap(suite, tree) {
  const lines = fs.readFileSync(join(HERE, "packages.txt"), "utf8").split("\n");
  const packages = lines
    .filter((line) => line !== "" && !line.startsWith("#"))
    .flatMap((line) => line.split(" "));
  return [
    "--quiet",
    "--mode=root",
    "--format=directory",
    "--variant=minbase",
    `--include=${packages.join(",")}`,
    ...aptSettings().map((line) => `--aptopt=${line}`),
    ...["man", "locale", "doc"].map((name) => `--dpkgopt=path-exclude=/usr/share/${name}/*`),
    // Before the kernel's package makes the initrd.
    `--extract-hook=cp -R ${join(HERE, "tree/etc/initramfs-tools")} "$1/etc/"`,
    `--customize-hook=${join(HERE, "customize.sh")} "$1"`,
    suite,
    tree,
    ...aptSources(suite),
  ];
}

/**
 * @param {string} prefix
 * @param {string} directory
 */
function the(prefix, directory) {
  const names = fs.readdirSync(directory).filter((name) => name.startsWith(prefix));
  if (names[0] === undefined) throw new Error(`the Debian tree has no ${prefix}* in ${directory}`);
  return names[0];
}

/**
 * Images of the same suite that nothing refers to any more.
 * @param {string} suite
 */
function removeOthers(suite) {
  const others = fs.readdirSync(CACHE).filter((name) => name.startsWith(`${suite}-`));
  for (const name of others) fs.rmSync(join(CACHE, name), { recursive: true, force: true });
}
