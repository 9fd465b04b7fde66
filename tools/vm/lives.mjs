// Which lives the machine gets until one has reported: with KVM if a boot with it works, and another one after a panic.

import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { say } from "../setup.mjs";
import { CACHE } from "./image.mjs";
import { accelerators } from "./machine.mjs";
import { liveOnce, MachineError } from "./watch.mjs";

// Emulated, on two processors that others use too, a boot takes a minute.
const BOOT_SECONDS = { kvm: 60, tcg: 300 };
const CONSOLE_LOG = join(CACHE, "console.log");
// What the last boot worked with: that does not change while this host runs.
const VERDICT = join(CACHE, "accelerator.json");

/**
 * @param {import("./machine.mjs").Disks} disks
 * @param {number} deadline seconds for what the machine has to do
 * @returns {Promise<import("./protocol.mjs").Report[]>}
 */
export async function live(disks, deadline) {
  const known = knownAccelerator();
  for (const accelerator of known === undefined ? accelerators() : [known]) {
    const life = {
      disks,
      accelerator,
      deadline,
      bootDeadline: BOOT_SECONDS[accelerator],
      consoleLog: CONSOLE_LOG,
    };
    try {
      const reports = await liveTwice(life);
      writeFileSync(VERDICT, JSON.stringify({ accelerator, bootId: bootId() }));
      return reports;
    } catch (error) {
      if (!(error instanceof MachineError) || error.when === "run" || accelerator === "tcg") throw error;
      say(`no boot with KVM, though there is one: ${error.message.split("\n")[0]}`);
    }
  }
  throw new Error("the last accelerator is tcg, which returns or throws");
}

/**
 * Multi-threaded emulation has been seen to make a kernel panic, once in a while: that says nothing about a test.
 * @param {import("./watch.mjs").Life} life
 */
async function liveTwice(life) {
  const started = Date.now();
  say(`starting the virtual machine (${life.accelerator}); its console is in ${life.consoleLog}`);
  try {
    return await liveOnce(life);
  } catch (error) {
    if (!(error instanceof MachineError) || error.when !== "panic") throw error;
    say(`the machine's kernel panicked after ${seconds(started)} s, once more:\n${error.message}`);
    return await liveOnce(life);
  }
}

/** @param {number} since */
function seconds(since) {
  return Math.round((Date.now() - since) / 1000);
}

/** @returns {import("./machine.mjs").Accelerator | undefined} undefined before the first machine on this host */
export function knownAccelerator() {
  if (!existsSync(VERDICT)) return undefined;
  const verdict = JSON.parse(readFileSync(VERDICT, "utf8"));
  return verdict.bootId === bootId() ? verdict.accelerator : undefined;
}

function bootId() {
  return readFileSync("/proc/sys/kernel/random/boot_id", "utf8");
}
