// The filter of a container: from the store, where the last ones are kept, or made anew. Making one of an engine's
// default profile takes milliseconds, several times as long as all the rest of `create`.

import { decode } from "runt:host";
import { getWord, words } from "../abi/structs.ts";
import { COMMIT, VERSION } from "../cli/version.ts";
import type { SeccompFilter } from "../process/seccomp.ts";
import { filterKey } from "../seccomp/key.ts";
import { libraryVersion } from "../seccomp/libseccomp.ts";
import { FLAG } from "../seccomp/numbers.ts";
import { loadFlags, notifies } from "../seccomp/plan.ts";
import type { LinuxSeccomp } from "../spec/types.ts";
import type { Notifier } from "./notify.ts";
import { memoryIn, type Store } from "./store.ts";

/** Files that filters are kept in: an engine has one profile, or a few. */
const SLOTS = 16;
/** Bytes of a length, and of an instruction. */
const LENGTH = 4;
const INSTRUCTION = 8;

export interface PreparedFilter extends SeccompFilter {
  /** Hands the listener to the agent: its number in the container's process. @throws RuntError */
  readonly notify: (notifier: Notifier, listener: number, status: "creating" | "running") => void;
  /** Keeps what was made for the next ones, once the store is there. */
  readonly remember: (store: Store) => void;
}

/**
 * What compileContainer takes of linux.seccomp, and `exec` too.
 *
 * @throws RuntError with the pointer of what libseccomp or the kernel does not know
 */
export async function prepareSeccomp(
  seccomp: LinuxSeccomp | undefined,
  store: Store | undefined,
): Promise<PreparedFilter | undefined> {
  if (seccomp === undefined) return undefined;
  const flags = loadFlags(seccomp);
  const key = `runt ${VERSION} ${COMMIT} libseccomp ${libraryVersion()}\n${filterKey(seccomp)}`;
  const name = `seccomp-${key.length % SLOTS}`;
  if (flags & FLAG.SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV)
    (await import("../seccomp/generate.ts")).requireFlags(flags);
  const known = store && programOf(memoryIn(store).readBytes(name), key);
  const program = known ?? (await import("../seccomp/generate.ts")).generateFilter(seccomp);
  const remember = (where: Store) => {
    if (known === undefined) memoryIn(where).write(name, entryOf(key, program));
  };
  if (!notifies(seccomp)) return { program, flags, notifies: false, notify: () => {}, remember };
  const { notifyAgent } = await import("./notify.ts");
  const notify: PreparedFilter["notify"] = (...call) => notifyAgent(seccomp, ...call);
  return { program, flags, notifies: true, notify, remember };
}

/** The length of the program, the key, the program: whole, or not taken for an entry. */
function entryOf(key: string, program: Uint8Array): string {
  return decode(words(program.length), 0, LENGTH) + key + decode(program, 0, program.length);
}

/** The program of an entry for this very key. */
function programOf(entry: Uint8Array | undefined, key: string): Uint8Array | undefined {
  const start = LENGTH + key.length;
  if (entry === undefined || entry.length < start + INSTRUCTION) return undefined;
  if (getWord(entry, 0) !== entry.length - start || decode(entry, LENGTH, start) !== key) return undefined;
  return entry.subarray(start);
}
