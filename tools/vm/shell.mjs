// A person in the machine: its console is this terminal.

import { say } from "../setup.mjs";
import { knownAccelerator } from "./lives.mjs";
import { startMachine } from "./machine.mjs";

const CONSOLE = [
  "-chardev",
  "stdio,id=console,mux=on,signal=off",
  "-serial",
  "chardev:console",
  "-monitor",
  "chardev:console",
];

/** @param {import("./machine.mjs").Disks} disks */
export async function shell(disks) {
  say(
    "booting: a shell of root follows, with this checkout in /checkout. `poweroff`, or Ctrl-A X, ends the machine,",
  );
  say("and everything that was written in it. The ordinary user with a session is `tester`.");
  const machine = startMachine(disks, knownAccelerator() ?? "tcg", CONSOLE, "inherit");
  process.once("exit", () => machine.kill("SIGKILL"));
  await new Promise((resolve, reject) => machine.on("exit", resolve).on("error", reject));
}
