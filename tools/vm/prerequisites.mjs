// What has to be there before a virtual machine can be started.

import * as fs from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { debianPackages, npmPackages } from "../setup.mjs";

/** The packages of this host. */
export function machinePackages() {
  npmPackages();
  const missing = debianPackages({ "qemu-system-x86_64": "qemu-system-x86", "mkfs.ext4": "e2fsprogs" });
  if (missing.length > 0) throw new Error(`a virtual machine needs ${missing.join(", ")}`);
}

/** @returns {string} a directory for its disks, which ends with this process: also after Ctrl-C */
export function scratchDirectory() {
  const directory = fs.mkdtempSync(join(tmpdir(), "runt-vm-"));
  process.on("exit", () => fs.rmSync(directory, { recursive: true, force: true }));
  process.on("SIGINT", () => process.exit(130));
  process.on("SIGTERM", () => process.exit(143));
  return directory;
}
