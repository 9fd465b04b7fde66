// The virtual machine itself: QEMU, with KVM where a boot with it works, else emulated. Nothing that it does to its
// disks lasts.

import { spawn } from "node:child_process";
import { accessSync, constants } from "node:fs";

/** @typedef {"kvm" | "tcg"} Accelerator */

/**
 * @typedef {object} Disks
 * @property {import("./image.mjs").Image} image
 * @property {string} checkout
 */

/** @returns {Accelerator[]} those that are worth a try, the fastest first */
export function accelerators() {
  try {
    accessSync("/dev/kvm", constants.R_OK | constants.W_OK);
    return ["kvm", "tcg"];
  } catch {
    return ["tcg"];
  }
}

// Emulated vector instructions are slow, and wrong in some versions of QEMU (7.2: systemd-udevd gets a SIGSEGV); the
// cryptography is loaded only because it is there. Four levels of page tables are walked faster than five.
const WITHOUT = ["avx", "avx2", "f16c", "fma", "aes", "pclmulqdq", "sha-ni", "la57"];

const ACCELERATION = {
  kvm: ["-accel", "kvm", "-cpu", "host"],
  tcg: [
    "-accel",
    "tcg,thread=multi",
    "-cpu",
    ["max", ...WITHOUT.map((feature) => `${feature}=off`)].join(","),
  ],
};

/**
 * @param {Disks} disks
 * @param {Accelerator} accelerator
 * @param {string[]} channels options that say where the console and the log go
 * @param {import("node:child_process").StdioOptions} stdio
 */
export function startMachine({ image, checkout }, accelerator, channels, stdio) {
  const args = [
    ...["-machine", "q35", "-smp", "2", "-m", "4096", "-nic", "none", "-display", "none", "-no-user-config"],
    ...["-nodefaults", "-no-reboot", ...ACCELERATION[accelerator], "-device", "virtio-rng-pci"],
    ...["-kernel", image.kernel, "-initrd", image.initrd, "-append", KERNEL_PARAMETERS.join(" ")],
    ...drive(image.disk),
    ...drive(checkout),
    ...channels,
  ];
  // Whoever works on this host comes first; without us nobody would end it.
  const wrapped = ["--pdeathsig", "KILL", "nice", "-n", "10", "qemu-system-x86_64", ...args];
  return spawn("setpriv", wrapped, { stdio });
}

const KERNEL_PARAMETERS = [
  "root=/dev/vda",
  "rw",
  "console=ttyS0",
  // With -no-reboot a panic ends the emulator.
  "panic=-1",
  // The emulator's processors can't be attacked from here, and its clock jumps.
  "mitigations=off",
  "nowatchdog",
  "systemd.show_status=1",
  // Every boot is the first one of the image: with an id, nothing is set up for it.
  "systemd.machine_id=72756e74000000000000000000000001",
];

/** @param {string} file */
function drive(file) {
  return ["-drive", `file=${file},format=raw,if=virtio,snapshot=on,cache=unsafe`];
}
