// What `create` and `run` are asked to do, beside config.json.

import type { CgroupDriver } from "../cgroups/driver.ts";
import type { ErrorRecord } from "../error.ts";
import type { Store } from "./store.ts";

export interface CreateRequest {
  readonly store: Store;
  /** Who makes the cgroup. */
  readonly cgroups: CgroupDriver;
  readonly id: string;
  /** Path of the bundle, absolute or relative to the working directory. */
  readonly bundle: string;
  readonly pidFile?: string;
  /** Path of the socket that the terminal's master is sent to. */
  readonly consoleSocket?: string;
  /** Number of descriptors from 3 on that the container's process keeps. */
  readonly preserveFds: number;
  readonly noPivot: boolean;
  /** A session keyring of the container's own. */
  readonly newKeyring: boolean;
  readonly warn: (record: ErrorRecord) => void;
}
