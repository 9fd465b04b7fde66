// The command line of `npm run conformance`.

import { parseArgs } from "node:util";
import { checkedDeadline } from "../vm/options.mjs";

export const USAGE = `npm run conformance -- [OPTIONS] [FILTER...]

Runs the programs of the validation suite whose names contain a FILTER, or all, with runt, crun and runc.

  --suite=NAME        Debian's release in the virtual machine: trixie (the default), testing, ...
  --page              judge the results of the last whole run in the virtual machine, and run nothing
  --here              on this machine, as root, instead of in a virtual one
  --verbose           print all that the programs print
  --deadline=SECONDS  how long all that may take in the machine, without its boot (default 3600)
  --help

With a FILTER or --here, docs/conformance.md stays as it is.
`;

/** @param {string[]} args */
export function parseOptions(args) {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      suite: { type: "string", default: "trixie" },
      page: { type: "boolean", default: false },
      here: { type: "boolean", default: false },
      verbose: { type: "boolean", default: false },
      deadline: { type: "string", default: "3600" },
      help: { type: "boolean", default: false },
    },
  });
  return { ...values, deadline: checkedDeadline(values), filters: positionals };
}
