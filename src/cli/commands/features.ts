// runt features: engines ask before they choose what to write into config.json.

import { print } from "../environment.ts";
import { formatFeatures } from "../features.ts";

/** Neither --root nor any privilege is needed. */
export function features(): number {
  print(formatFeatures());
  return 0;
}
