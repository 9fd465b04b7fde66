// runt explain: the program that the container of a bundle would become.

import { explainBundle } from "../../container/explain.ts";
import { print } from "../environment.ts";
import type { Invocation } from "../options.ts";
import { programOptions } from "../request.ts";

export async function explain({ options }: Invocation<"explain">): Promise<number> {
  const listing = await explainBundle(options.bundle, programOptions(options));
  print(listing.endsWith("\n") ? listing : `${listing}\n`);
  return 0;
}
