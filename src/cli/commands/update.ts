// runt update: other limits, from a file, from standard input, or from options.

import { updateContainer } from "../../container/update.ts";
import type { Fd } from "../../kernel/call.ts";
import { readAll, readFile } from "../../kernel/file.ts";
import { parseResources } from "../../spec/parse.ts";
import type { LinuxResources } from "../../spec/types.ts";
import type { Invocation } from "../options.ts";
import type { Session } from "../session.ts";
import { parseUpdateFlags } from "../update_flags.ts";

const STDIN = 0 as Fd;

type Options = Invocation<"update">["options"];

export async function update(
  { options, operands }: Invocation<"update">,
  { store, warn }: Session,
): Promise<number> {
  for (const name of ["kernel-memory", "kernel-memory-tcp"] as const) {
    if (options[name]) warn({ what: `Setting --${name} is ignored and will be removed` });
  }
  const resources = readResources(options);
  const intelRdt = {
    l3CacheSchema: options["l3-cache-schema"],
    memBwSchema: options["mem-bw-schema"],
  };
  await updateContainer({ store: store(), id: operands["container-id"], resources, intelRdt, warn });
  return 0;
}

/** The file counts alone, as in runc. */
function readResources(options: Options): LinuxResources {
  const { resources } = options;
  if (!resources) return parseUpdateFlags(options);
  return parseResources(resources === "-" ? readAll(STDIN, "standard input") : readFile(resources));
}
