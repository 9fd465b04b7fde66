// runt spec: a config.json to start from, in the bundle.

import { O_CREAT, O_DIRECTORY, O_EXCL, O_PATH, O_WRONLY } from "../../abi/constants.ts";
import { EEXIST } from "../../abi/errno.ts";
import { RuntError } from "../../error.ts";
import { attempt, type Fd, failure } from "../../kernel/call.ts";
import { open, remove, using, writeAll } from "../../kernel/file.ts";
import type { Invocation } from "../options.ts";
import { formatSpec, specTemplate } from "../spec_template.ts";

const FILE = "config.json";

export function spec({ options }: Invocation<"spec">): number {
  const user = { uid: attempt("geteuid"), gid: attempt("getegid") };
  const text = formatSpec(specTemplate(options.rootless ? user : undefined));
  using(open(options.bundle, O_PATH | O_DIRECTORY), (bundle) => writeNew(bundle, text));
  return 0;
}

function writeNew(bundle: Fd, text: string): void {
  const result = attempt("openat", bundle, FILE, O_WRONLY | O_CREAT | O_EXCL, 0o666);
  if (result === -EEXIST) throw new RuntError({ what: `File ${FILE} exists. Remove it first` });
  if (result < 0) throw failure(`make ${FILE}`, -result);
  try {
    using(result as Fd, (file) => writeAll(file, text, `write ${FILE}`));
  } catch (error) {
    remove(FILE, bundle);
    throw error;
  }
}
