// The part that runs in the virtual machine: reports to the host what each program of the suite says.

import { MARK } from "../vm/protocol.mjs";
import { parseOptions } from "./options.mjs";
import { runPrograms, runtimeVersions } from "./programs.mjs";

// Bundles are on a disk, as those of engines are: /tmp is mounted `nosuid` and `nodev`.
process.env.TMPDIR = "/var/tmp";
report({ versions: runtimeVersions() });
await runPrograms(parseOptions(process.argv.slice(2)), (result) => report({ conformance: result }));

/** @param {import("../vm/protocol.mjs").Report} said */
function report(said) {
  console.log(`${MARK}${JSON.stringify(said)}`);
}
