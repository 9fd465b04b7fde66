// config.md#process: what runs in the container and with which privileges.

import type { ErrorRecord } from "../error.ts";
import { CAPABILITIES } from "./capabilities.ts";
import {
  absolutePath,
  arrayOf,
  bool,
  type Check,
  int,
  isObject,
  join,
  mismatch,
  object,
  oneOf,
  optionalText,
  reject,
  texts,
  textThat,
  uint16,
  uint64,
  unlessEmpty,
} from "./check.ts";
import { quote } from "./found.ts";
import { ID_LIST, isIdList } from "./id_list.ts";
import { id } from "./id_mappings.ts";
import type { Json } from "./json.ts";
import { scheduler } from "./scheduler.ts";
import type {
  Box,
  CPUAffinity,
  LinuxCapabilities,
  LinuxIOPriority,
  POSIXRlimit,
  Process,
  User,
} from "./types.ts";
import { IO_PRIORITY_CLASSES, RLIMIT_TYPES } from "./values.ts";

/** Of a container that is created without one (config.md: it is REQUIRED when `start` is called): as root, of no right. */
export const NO_PROCESS: Process = { user: { uid: 0, gid: 0 }, args: [], cwd: "/" };

/** NGROUPS_MAX */
const MAX_GIDS = 65536;

const consoleSize: Check<Box> = object({ height: uint16, width: uint16 }, {});

const user: Check<User> = object(
  { uid: id, gid: id },
  {
    umask: int(0, 0o777),
    additionalGids: arrayOf(id, (gids, pointer) => {
      if (gids.length > MAX_GIDS)
        reject(pointer, `found ${gids.length} groups, expected at most ${MAX_GIDS}`);
    }),
  },
);

const args: Check<readonly string[]> = (value, parent, key) => {
  if (value === undefined || value === null) mismatch(value, "an array with the command to run", parent, key);
  const checked = texts(value, parent, key);
  if (checked.length === 0) reject(join(parent, key), "args must not be empty");
  if (checked[0] === "") mismatch("", "the name of a program", join(parent, key), 0);
  return checked;
};

const env = arrayOf(textThat((entry) => entry.indexOf("=") > 0, "NAME=value with a name that is not empty"));

/** config.md#posix-process: a type that occurs twice is an error. */
const rlimits: Check<readonly POSIXRlimit[]> = arrayOf(
  object<POSIXRlimit>(
    { type: oneOf(RLIMIT_TYPES), soft: uint64, hard: uint64 },
    {},
    ({ soft, hard }, pointer) => {
      if (soft > hard) reject(pointer, `soft limit ${soft} is above hard limit ${hard}`);
    },
  ),
  (limits, pointer) => {
    limits.forEach(({ type }, index) => {
      if (limits.findIndex((limit) => limit.type === type) < index) {
        reject(`${pointer}/${index}`, `duplicated rlimit ${type}`);
      }
    });
  },
);

const capabilities: Check<LinuxCapabilities> = object(
  {},
  { bounding: texts, effective: texts, inheritable: texts, permitted: texts, ambient: texts },
);

const ioPriority: Check<LinuxIOPriority> = object(
  { class: oneOf(IO_PRIORITY_CLASSES), priority: int(0, 7) },
  {},
);

const cpuList = unlessEmpty(textThat(isIdList, ID_LIST));

const execCPUAffinity: Check<CPUAffinity> = object({}, { initial: cpuList, final: cpuList });

const checkProcess: Check<Process> = object(
  { user, args, cwd: absolutePath },
  {
    terminal: bool,
    consoleSize,
    env,
    rlimits,
    apparmorProfile: optionalText,
    capabilities,
    noNewPrivileges: bool,
    oomScoreAdj: int(-1000, 1000),
    scheduler,
    selinuxLabel: optionalText,
    ioPriority,
    execCPUAffinity,
  },
);

/** A Process out of a Json value. */
export const process: Check<Process> = (value, parent, key) => {
  return checkProcess(withoutUnusedConsoleSize(value), parent, key);
};

/** config.md#process: consoleSize MUST be ignored without a terminal, so a wrong one is not an error either. */
function withoutUnusedConsoleSize(value: Json | undefined): Json | undefined {
  if (!isObject(value) || value.terminal === true || value.consoleSize === undefined) return value;
  return { ...value, consoleSize: null };
}

/**
 * One warning for each capability name that the table does not know: it cannot be granted, which MUST be logged
 * and SHOULD NOT fail (config.md#linux-process). `pointer` is where the process is in its file.
 */
export function processWarnings({ capabilities }: Process, pointer: string): ErrorRecord[] {
  const warnings: ErrorRecord[] = [];
  const reported = new Set<string>();
  for (const set of ["bounding", "effective", "inheritable", "permitted", "ambient"] as const) {
    capabilities?.[set]?.forEach((name, index) => {
      if (CAPABILITIES.has(name) || reported.has(name)) return;
      reported.add(name);
      warnings.push({
        pointer: `${pointer}/capabilities/${set}/${index}`,
        what: `ignoring unknown or unavailable capabilities: [${quote(name).slice(1, -1)}]`,
        ...(CAPABILITIES.has(`CAP_${name.toUpperCase()}`) && {
          hint: `did you mean CAP_${name.toUpperCase()}?`,
        }),
      });
    });
  }
  return warnings;
}
