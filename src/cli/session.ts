// What every command gets beside its own arguments.

import type { Store } from "../container/store.ts";
import type { ErrorRecord } from "../error.ts";
import type { GlobalValues } from "./options.ts";

export interface Session {
  readonly globals: GlobalValues;
  /** @throws RuntError if --root is not usable. `features` must not care. */
  readonly store: () => Store;
  readonly warn: (record: ErrorRecord) => void;
}
