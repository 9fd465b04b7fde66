// runt features: engines ask before they choose what to write into config.json.

import { kernelKnows, resolveName } from "../../seccomp/libseccomp.ts";
import { ARCHITECTURE, FLAG, NEW_LISTENER } from "../../seccomp/numbers.ts";
import { print } from "../environment.ts";
import { formatFeatures } from "../features.ts";

/** Neither --root nor any privilege is needed. */
export function features(): number {
  print(
    formatFeatures({
      isArchitecture: (name) => resolveName(ARCHITECTURE[name], "read") !== undefined,
      // This one is for filters that notify.
      isFlag: (name) => kernelKnows(FLAG[name] | NEW_LISTENER),
    }),
  );
  return 0;
}
