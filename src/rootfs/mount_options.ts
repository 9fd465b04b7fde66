// Every mount option of the runtime-spec (config.md, "Linux mount options") and what it does, as one table.
// What is not in the table goes to the filesystem itself.

import {
  MOUNT_ATTR__ATIME,
  MOUNT_ATTR_NOATIME,
  MOUNT_ATTR_NODEV,
  MOUNT_ATTR_NODIRATIME,
  MOUNT_ATTR_NOEXEC,
  MOUNT_ATTR_NOSUID,
  MOUNT_ATTR_NOSYMFOLLOW,
  MOUNT_ATTR_RDONLY,
  MOUNT_ATTR_STRICTATIME,
  MS_PRIVATE,
  MS_SHARED,
  MS_SLAVE,
  MS_UNBINDABLE,
} from "../abi/constants.ts";

/** What one option asks for. `set` and `clear` are MOUNT_ATTR_ bits of mount_setattr(2). */
interface Effect {
  readonly set?: number;
  readonly clear?: number;
  /** The attributes are for the whole tree below the mount. */
  readonly recursive?: true;
  readonly bind?: "bind" | "rbind";
  /** MS_SHARED and its like; `recursive` tells for how much. */
  readonly propagation?: number;
  /** Flag of the superblock, by the name that fsconfig(2) knows; the mount of a new filesystem only. */
  readonly superblock?: string;
  readonly special?: "remount" | "tmpcopyup" | "idmap" | "ridmap" | "iversion";
  readonly unsets?: "iversion";
}

const NOTHING: Effect = {};
const RELATIME: Effect = { clear: MOUNT_ATTR__ATIME };
const NOATIME: Effect = { set: MOUNT_ATTR_NOATIME, clear: MOUNT_ATTR__ATIME };
const STRICTATIME: Effect = { set: MOUNT_ATTR_STRICTATIME, clear: MOUNT_ATTR__ATIME };
const sets = (set: number): Effect => ({ set });
const clears = (clear: number): Effect => ({ clear });

const ATTRIBUTES: Readonly<Record<string, Effect>> = {
  ro: sets(MOUNT_ATTR_RDONLY),
  rw: clears(MOUNT_ATTR_RDONLY),
  nosuid: sets(MOUNT_ATTR_NOSUID),
  suid: clears(MOUNT_ATTR_NOSUID),
  nodev: sets(MOUNT_ATTR_NODEV),
  dev: clears(MOUNT_ATTR_NODEV),
  noexec: sets(MOUNT_ATTR_NOEXEC),
  exec: clears(MOUNT_ATTR_NOEXEC),
  noatime: NOATIME,
  atime: RELATIME,
  relatime: RELATIME,
  norelatime: RELATIME,
  strictatime: STRICTATIME,
  nostrictatime: RELATIME,
  nodiratime: sets(MOUNT_ATTR_NODIRATIME),
  diratime: clears(MOUNT_ATTR_NODIRATIME),
  nosymfollow: sets(MOUNT_ATTR_NOSYMFOLLOW),
  symfollow: clears(MOUNT_ATTR_NOSYMFOLLOW),
};

const PROPAGATION: Readonly<Record<string, number>> = {
  shared: MS_SHARED,
  slave: MS_SLAVE,
  private: MS_PRIVATE,
  unbindable: MS_UNBINDABLE,
};

const OTHERS: Readonly<Record<string, Effect>> = {
  defaults: NOTHING,
  bind: { bind: "bind" },
  rbind: { bind: "rbind" },
  remount: { special: "remount" },
  tmpcopyup: { special: "tmpcopyup" },
  idmap: { special: "idmap" },
  ridmap: { special: "ridmap" },
  sync: { superblock: "sync" },
  async: { superblock: "async" },
  dirsync: { superblock: "dirsync" },
  lazytime: { superblock: "lazytime" },
  nolazytime: { superblock: "nolazytime" },
  mand: { superblock: "mand" },
  nomand: { superblock: "nomand" },
  iversion: { special: "iversion" },
  noiversion: { unsets: "iversion" },
  // Whether the kernel logs what it thinks of the mount: the newer calls hand its words to their caller instead.
  silent: NOTHING,
  loud: NOTHING,
};

/** By name, with the recursive forms. */
const EFFECTS: ReadonlyMap<string, Effect> = new Map([
  ...Object.entries(ATTRIBUTES).flatMap(([name, effect]) => [
    [name, effect] as const,
    [`r${name}`, { ...effect, recursive: true }] as const,
  ]),
  ...Object.entries(PROPAGATION).flatMap(([name, propagation]) => [
    [name, { propagation }] as const,
    [`r${name}`, { propagation, recursive: true }] as const,
  ]),
  ...Object.entries(OTHERS),
]);

/** The names of all options, for `features`. */
export function mountOptionNames(): readonly string[] {
  return [...EFFECTS.keys()].sort();
}

/** What the options of one mount ask for together. A later option overrides an earlier one. */
export interface MountOptions {
  readonly bind: "bind" | "rbind" | undefined;
  readonly set: number;
  readonly clear: number;
  readonly recursiveSet: number;
  readonly recursiveClear: number;
  readonly propagation: readonly { readonly flag: number; readonly recursive: boolean }[];
  readonly superblock: readonly string[];
  /** A flag of the superblock that only mount(2) knows; it has no meaning for a bind mount. */
  readonly iversion: boolean;
  readonly remount: boolean;
  readonly tmpcopyup: boolean;
  readonly idmap: boolean;
  /** The same for the whole tree. */
  readonly ridmap: boolean;
  /** Options of the filesystem: `size=64k`. */
  readonly data: readonly string[];
}

/** Asked for several times on the way of one mount. */
const parsed = new Map<readonly string[], MountOptions>();

export function parseMountOptions(options: readonly string[]): MountOptions {
  const known = parsed.get(options);
  if (known !== undefined) return known;
  const found = parse(options);
  parsed.set(options, found);
  return found;
}

function parse(options: readonly string[]): MountOptions {
  const propagation: { flag: number; recursive: boolean }[] = [];
  const found = { bind: undefined as MountOptions["bind"], special: new Set<string>() };
  const one = { set: 0, clear: 0 };
  const all = { set: 0, clear: 0 };
  const superblock: string[] = [];
  const data: string[] = [];
  for (const option of options) {
    const effect = EFFECTS.get(option);
    if (effect === undefined) {
      if (option !== "") data.push(option);
      continue;
    }
    const { set = 0, clear = 0, recursive = false, special } = effect;
    const bits = recursive ? all : one;
    bits.set = (bits.set & ~clear) | set;
    bits.clear = ((bits.clear & ~set) | clear) >>> 0;
    if (effect.propagation !== undefined) propagation.push({ flag: effect.propagation, recursive });
    if (effect.bind !== undefined) found.bind = effect.bind;
    if (effect.superblock !== undefined) superblock.push(effect.superblock);
    if (special !== undefined) found.special.add(special);
    if (effect.unsets !== undefined) found.special.delete(effect.unsets);
  }
  return {
    bind: found.bind,
    set: one.set,
    clear: one.clear,
    recursiveSet: all.set,
    recursiveClear: all.clear,
    propagation,
    superblock,
    iversion: found.special.has("iversion"),
    remount: found.special.has("remount"),
    tmpcopyup: found.special.has("tmpcopyup"),
    idmap: found.special.has("idmap"),
    ridmap: found.special.has("ridmap"),
    data,
  };
}
