// The command line of `npm run test:vm` and `npm run vm:shell`.

import { parseArgs } from "node:util";

export const USAGE = `npm run test:vm -- [OPTIONS] [FILTER...]

Runs the test files whose paths contain a FILTER, or all, in a virtual machine.

  --suite=NAME        Debian's release: trixie (the default), testing, ...
  --rebuild           make the image anew, with today's packages
  --shell             a shell in the machine, instead of tests
  --command=COMMAND   run COMMAND with sh in the machine, as root, instead of tests
  --deadline=SECONDS  how long all that may take, without the boot (default 3600)
  --help
`;

/**
 * @param {string[]} args
 * @returns {{ suite: string, rebuild: boolean, shell: boolean, help: boolean, command?: string, deadline: number,
 *   filters: string[] }}
 */
export function parseOptions(args) {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      suite: { type: "string", default: "trixie" },
      rebuild: { type: "boolean", default: false },
      shell: { type: "boolean", default: false },
      help: { type: "boolean", default: false },
      command: { type: "string" },
      deadline: { type: "string", default: "3600" },
    },
  });
  return { ...values, deadline: checkedDeadline(values), filters: positionals };
}

/**
 * @param {{ suite: string, deadline: string }} options
 * @returns {number} seconds
 */
export function checkedDeadline({ suite, deadline }) {
  const seconds = Number(deadline);
  if (!(seconds > 0)) throw new Error(`--deadline: ${deadline} is not a number of seconds`);
  if (!/^[a-z]+$/.test(suite)) throw new Error(`--suite: ${suite} is not a release of Debian`);
  return seconds;
}
