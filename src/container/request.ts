// What `create` and `run` are asked to do, beside config.json.

import type { CgroupDriver } from "../cgroups/driver.ts";
import type { ErrorRecord } from "../error.ts";
import type { Store } from "./store.ts";

export type Warn = (record: ErrorRecord) => void;

export interface CreateRequest {
  readonly store: Store;
  /** Who makes the cgroup. */
  readonly cgroups: CgroupDriver;
  /** Without it: who is not root on the host. */
  readonly rootless?: boolean;
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
  /** Of the caller, NOTIFY_SOCKET. */
  readonly notifySocket?: string;
  /** Variables that the container's process has beside its own. */
  readonly environment: readonly string[];
  /** Path of the socket that a pidfd of the container's process is sent to. */
  readonly pidfdSocket?: string;
  readonly warn: Warn;
}
