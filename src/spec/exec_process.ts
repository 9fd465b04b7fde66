// The Process of `exec`: that of config.json or of a file, as the command line changes it. What the file does not say
// is as for the container's first process, as in runc.

import { mismatch, reject } from "./check.ts";
import type { LinuxCapabilities, Process, User } from "./types.ts";

/** What the command line says. */
export interface ExecOptions {
  /** None where the file says what to run. */
  readonly args: readonly string[];
  readonly tty: boolean;
  readonly cwd: string | undefined;
  /** NAME=value. */
  readonly env: readonly string[];
  /** UID or UID:GID. */
  readonly user: string | undefined;
  readonly additionalGids: readonly string[];
  /** CAP_NAME. */
  readonly cap: readonly string[];
  readonly noNewPrivs: boolean;
  readonly apparmor: string | undefined;
  readonly processLabel: string | undefined;
}

/** What a process file may leave to config.json. An absent one of the rest means none. */
const INHERITED = [
  "capabilities",
  "rlimits",
  "oomScoreAdj",
  "noNewPrivileges",
  "apparmorProfile",
  "selinuxLabel",
  "scheduler",
  "ioPriority",
  "execCPUAffinity",
] as const;

/** (uid_t)-1 is no id. */
const MAX_ID = 0xffff_fffe;

/** @throws RuntError if an option says what no process can have */
export function execProcess(first: Process, file: Process | undefined, options: ExecOptions): Process {
  const base = file === undefined ? withoutTerminal(first) : withInherited(file, first);
  const { args, cwd, tty, noNewPrivs, apparmor, processLabel } = options;
  const env = [...(base.env ?? []), ...checkEnv(options.env)];
  return {
    ...base,
    user: userOf(base.user, options),
    args: checkArgs(args.length === 0 && file !== undefined ? file.args : args),
    env,
    ...(cwd && { cwd: checkCwd(cwd) }),
    ...(tty && { terminal: true }),
    ...(options.cap.length > 0 && { capabilities: withCapabilities(base.capabilities ?? {}, options.cap) }),
    ...(noNewPrivs && { noNewPrivileges: true }),
    ...(apparmor && { apparmorProfile: apparmor }),
    ...(processLabel && { selinuxLabel: processLabel }),
  };
}

/** The terminal of config.json, with its size, is that of the first process. */
function withoutTerminal({ terminal, consoleSize, ...rest }: Process): Process {
  return rest;
}

function withInherited(file: Process, first: Process): Process {
  const inherited = INHERITED.flatMap((name) => (first[name] === undefined ? [] : [[name, first[name]]]));
  const { umask } = first.user;
  const user = { ...(umask !== undefined && { umask }), ...file.user };
  return { ...Object.fromEntries(inherited), ...file, user };
}

function checkArgs(args: readonly string[]): readonly string[] {
  if (args.length === 0) reject("", "process args cannot be empty", { hint: "name the command to run" });
  if (args[0] === "") mismatch("", "the name of a program", "/process/args", 0);
  return args;
}

function checkCwd(cwd: string): string {
  if (!cwd.startsWith("/")) reject("", `Cwd must be an absolute path: ${cwd}`);
  return cwd;
}

function checkEnv(env: readonly string[]): readonly string[] {
  const wrong = env.find((entry) => entry.indexOf("=") <= 0);
  if (wrong === undefined) return env;
  return reject("", `invalid environment variable: ${JSON.stringify(wrong)}`, {
    hint: "--env takes NAME=value",
  });
}

function userOf(user: User, { user: given, additionalGids: more }: ExecOptions): User {
  const gids = more.map((gid) => parseId(gid, "additional-gids"));
  const { uid, gid } = given ? parseUser(given, user.gid) : user;
  return {
    ...user,
    uid,
    gid,
    ...(gids.length > 0 && { additionalGids: [...(user.additionalGids ?? []), ...gids] }),
  };
}

/** The group stays the one of config.json where none is given. */
function parseUser(text: string, gid: number): Pick<User, "uid" | "gid"> {
  const colon = text.indexOf(":");
  if (colon < 0) return { uid: parseId(text, "uid"), gid };
  return { uid: parseId(text.slice(0, colon), "uid"), gid: parseId(text.slice(colon + 1), "gid") };
}

/** Digits only: a name of the image's passwd file that looks like a number must not become another (CVE-2016-3697). */
function parseId(text: string, what: string): number {
  if (/^[0-9]{1,10}$/.test(text) && Number(text) <= MAX_ID) return Number(text);
  return reject("", `parsing ${JSON.stringify(text)} as int for ${what} failed`, {
    hint: `expected a number from 0 to ${MAX_ID}; names are for the engine to look up`,
  });
}

/** Never inheritable: execve would keep such ones where the program's file asks for them (CVE-2022-29162). */
function withCapabilities(sets: LinuxCapabilities, more: readonly string[]): LinuxCapabilities {
  const add = (names: readonly string[] = []) => [...names, ...more];
  return {
    ...sets,
    bounding: add(sets.bounding),
    effective: add(sets.effective),
    permitted: add(sets.permitted),
    // Only those that are inheritable too can be ambient, and that is decided when they are set.
    ambient: add(sets.ambient),
  };
}
