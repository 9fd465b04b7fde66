// One life of the machine that has something to do: its log is printed as it comes, its reports are collected, and
// whatever keeps it from reporting to the end is an error that says so.

import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { startMachine } from "./machine.mjs";
import { parseReport } from "./protocol.mjs";

/** Thrown where another try, or another accelerator, may do better. */
export class MachineError extends Error {
  /**
   * @param {string} message
   * @param {"panic" | "boot" | "run"} when
   * @param {import("./protocol.mjs").Report[]} reports until then
   */
  constructor(message, when, reports) {
    super(message);
    this.when = when;
    this.reports = reports;
  }
}

/**
 * @typedef {object} Life
 * @property {import("./machine.mjs").Disks} disks
 * @property {import("./machine.mjs").Accelerator} accelerator
 * @property {number} bootDeadline seconds until the machine has to be there
 * @property {number} deadline seconds from then on
 * @property {string} consoleLog a file: what the machine's console says
 */

/**
 * @param {Life} life
 * @returns {Promise<import("./protocol.mjs").Report[]>} the last one has the status
 */
export async function liveOnce(life) {
  // The end of its input would be the end of the log as well: nobody writes to that pipe.
  const machine = startMachine(life.disks, life.accelerator, channels(life.consoleLog), "pipe");
  const end = new Promise((resolve, reject) => machine.on("exit", resolve).on("error", reject));
  // A Ctrl-C ends the emulator as well, since it is in the same group; so does the end of this process.
  const kill = () => machine.kill("SIGKILL");
  process.once("exit", kill);
  /** @type {import("./protocol.mjs").Report[]} */
  const reports = [];
  let expired = "";
  const limit = (what, seconds) =>
    setTimeout(() => {
      expired = `${what} took more than ${seconds} s`;
      kill();
    }, seconds * 1000);
  let timer = limit("to boot", life.bootDeadline);
  const messages = collect(machine.stderr);
  for await (const line of createInterface({ input: machine.stdout })) {
    const report = parseReport(line);
    if (report === undefined) console.log(line);
    else reports.push(report);
    if (report?.booted) {
      clearTimeout(timer);
      timer = limit("what it was asked to do", life.deadline);
    }
  }
  await end;
  clearTimeout(timer);
  process.off("exit", kill);
  if (reports.at(-1)?.status !== undefined && expired === "") return reports;
  throw failure(life.consoleLog, reports, expired || messages() || "the machine ended too early");
}

/**
 * @param {string} consoleLog
 * @param {import("./protocol.mjs").Report[]} reports
 * @param {string} reason
 */
function failure(consoleLog, reports, reason) {
  const lines = readFileSync(consoleLog, "utf8").split(/\r?\n/);
  const panic = lines.find((line) => line.includes("Kernel panic"));
  const text = [panic ?? reason, `the end of ${consoleLog}:`, ...lines.slice(-LAST_LINES)].join("\n");
  return new MachineError(
    text,
    panic !== undefined ? "panic" : reports.length === 0 ? "boot" : "run",
    reports,
  );
}

const LAST_LINES = 40;

/** @param {string} consoleLog */
function channels(consoleLog) {
  return [
    ...["-serial", `file:${consoleLog}`],
    ...["-device", "virtio-serial-pci", "-chardev", "stdio,id=log,signal=off"],
    ...["-device", "virtserialport,chardev=log,name=runt.log"],
  ];
}

/** @param {import("node:stream").Readable} stream */
function collect(stream) {
  let text = "";
  stream.setEncoding("utf8").on("data", (data) => {
    text += data;
  });
  return () => text.trim();
}
