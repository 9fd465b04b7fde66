// The command line as one table: parsing, help and tests all derive from it. What an option does is not its business.

import { CHECKPOINT, RESTORE } from "./criu_options.ts";
import { UPDATE } from "./update_options.ts";

export interface OptionSpec {
  readonly name: string;
  /** One letter. */
  readonly alias?: string;
  /** `flag`: there or not. `text` and `number` have an argument; numbers are integers from 0 on. */
  readonly kind: "flag" | "text" | "number";
  /** What the help calls the argument. */
  readonly argument?: string;
  readonly initial?: string | number;
  /** May be given again and again: its value is a list. */
  readonly many?: true;
  readonly choices?: readonly string[];
  readonly description: string;
}

export interface OperandSpec {
  readonly name: string;
  readonly optional?: true;
  /** The last one: any number of words, none too. */
  readonly many?: true;
}

export interface CommandSpec {
  readonly description: string;
  readonly operands: readonly OperandSpec[];
  readonly options: readonly OptionSpec[];
  /** What follows the first operand is an operand too, even if it looks like an option: `kill ID -9`. */
  readonly optionsFirst?: true;
}

const HELP = { name: "help", alias: "h", kind: "flag", description: "show help" } as const;

/** Of what is a table for people, or JSON for programs. */
const FORMAT = {
  name: "format",
  alias: "f",
  kind: "text",
  argument: "FORMAT",
  choices: ["table", "json"],
  initial: "table",
} as const;

export const GLOBAL_OPTIONS = [
  {
    name: "root",
    kind: "text",
    argument: "DIR",
    description:
      "directory for the state of containers, which should be on tmpfs (default: /run/runt, or $XDG_RUNTIME_DIR/runt without root)",
  },
  {
    name: "log",
    kind: "text",
    argument: "FILE",
    description: "append errors to this file, beside printing them",
  },
  {
    name: "log-format",
    kind: "text",
    argument: "FORMAT",
    choices: ["text", "json"],
    initial: "text",
    description: "format of the log",
  },
  { name: "debug", kind: "flag", description: "log what is done, and all warnings" },
  { name: "systemd-cgroup", kind: "flag", description: "let systemd make the cgroups" },
  {
    name: "cgroup-manager",
    kind: "text",
    argument: "MANAGER",
    choices: ["cgroupfs", "systemd", "disabled"],
    initial: "cgroupfs",
    description: "who makes the cgroups; disabled: nobody, so that there are no limits and no device filter",
  },
  {
    name: "rootless",
    kind: "text",
    argument: "WHEN",
    choices: ["true", "false", "auto", ""],
    initial: "auto",
    description:
      "whether a container may go without a cgroup and a device filter where the kernel refuses them",
  },
  {
    name: "criu",
    kind: "text",
    argument: "PATH",
    description: "ignored: criu is looked for in $PATH; accepted for compatibility with runc",
  },
  HELP,
  { name: "version", alias: "v", kind: "flag", description: "show the version" },
] as const satisfies readonly OptionSpec[];

const ID = { name: "container-id" } as const;

const BUNDLE = {
  name: "bundle",
  alias: "b",
  kind: "text",
  argument: "DIR",
  initial: ".",
  description: "directory of config.json and the root filesystem",
} as const;

const PRESERVE_FDS = {
  name: "preserve-fds",
  kind: "number",
  argument: "N",
  initial: 0,
  description: "pass N more file descriptors to the container, from 3 on",
} as const;

const NO_NEW_KEYRING = {
  name: "no-new-keyring",
  kind: "flag",
  description: "keep the session keyring of the caller",
} as const;

/** What changes the program that a container becomes. */
const PROGRAM = [
  { name: "no-pivot", kind: "flag", description: "do not pivot_root, for a root filesystem in an initramfs" },
  NO_NEW_KEYRING,
  PRESERVE_FDS,
] as const;

const CONSOLE_SOCKET = {
  name: "console-socket",
  kind: "text",
  argument: "SOCKET",
  description: "unix socket that receives the master of the container's terminal",
} as const;

const PID_FILE = {
  name: "pid-file",
  kind: "text",
  argument: "FILE",
  description: "file to write the process id to",
} as const;

const PIDFD_SOCKET = {
  name: "pidfd-socket",
  kind: "text",
  argument: "SOCKET",
  description: "unix socket that receives a pidfd of the process",
} as const;

const DETACH = {
  name: "detach",
  alias: "d",
  kind: "flag",
  description: "return when the container has started",
} as const;

const NO_SUBREAPER = {
  name: "no-subreaper",
  kind: "flag",
  description: "ignored: accepted for compatibility with runc",
} as const;

const CREATE = [BUNDLE, CONSOLE_SOCKET, PID_FILE, PIDFD_SOCKET, ...PROGRAM] as const;

const EXEC = [
  {
    name: "process",
    alias: "p",
    kind: "text",
    argument: "FILE",
    description: "read the process as JSON from FILE; other options change it",
  },
  { name: "cwd", kind: "text", argument: "DIR", description: "working directory in the container" },
  {
    name: "env",
    alias: "e",
    kind: "text",
    argument: "NAME=VALUE",
    many: true,
    description: "set an environment variable; may be repeated",
  },
  { name: "tty", alias: "t", kind: "flag", description: "give the process a terminal" },
  {
    name: "user",
    alias: "u",
    kind: "text",
    argument: "UID[:GID]",
    description: "user, and group, as numbers",
  },
  {
    name: "additional-gids",
    alias: "g",
    kind: "text",
    argument: "GID",
    many: true,
    description: "one more group; may be repeated",
  },
  {
    name: "cap",
    alias: "c",
    kind: "text",
    argument: "CAPABILITY",
    many: true,
    description: "one more capability, like CAP_KILL; may be repeated",
  },
  { name: "no-new-privs", kind: "flag", description: "no execve of the process can gain privileges" },
  { name: "apparmor", kind: "text", argument: "PROFILE", description: "AppArmor profile of the process" },
  { name: "process-label", kind: "text", argument: "LABEL", description: "SELinux label of the process" },
  { name: "detach", alias: "d", kind: "flag", description: "return when the process has started" },
  CONSOLE_SOCKET,
  PID_FILE,
  PIDFD_SOCKET,
  PRESERVE_FDS,
  { name: "cgroup", kind: "text", argument: "PATH", description: "cgroup below that of the container" },
  { name: "ignore-paused", kind: "flag", description: "run it in a paused container when that is resumed" },
] as const;

export const COMMANDS = {
  create: {
    description: "create a container; `start` starts it",
    operands: [ID],
    options: [...CREATE, HELP],
  },
  start: { description: "run the program of a created container", operands: [ID], options: [HELP] },
  run: {
    description: "create and start a container, and wait for its end",
    operands: [ID],
    options: [
      ...CREATE,
      DETACH,
      { name: "keep", kind: "flag", description: "do not delete the container when it has ended" },
      NO_SUBREAPER,
      HELP,
    ],
  },
  exec: {
    description: "run one more process in a container, and wait for its end",
    operands: [ID, { name: "argument", many: true }],
    options: [...EXEC, HELP],
    optionsFirst: true,
  },
  state: { description: "print the state of a container as JSON", operands: [ID], options: [HELP] },
  kill: {
    description: "send a signal (default: SIGTERM) to a container",
    operands: [ID, { name: "signal", optional: true }],
    options: [
      { name: "all", alias: "a", kind: "flag", description: "send it to all processes of the container" },
      HELP,
    ],
    optionsFirst: true,
  },
  delete: {
    description: "remove a stopped container",
    operands: [ID],
    options: [
      { name: "force", alias: "f", kind: "flag", description: "kill it first, if it still runs" },
      HELP,
    ],
  },
  list: {
    description: "list all containers",
    operands: [],
    options: [
      { ...FORMAT, description: "format of the list" },
      { name: "quiet", alias: "q", kind: "flag", description: "print only the ids" },
      HELP,
    ],
  },
  pause: { description: "stop all processes of a container where they are", operands: [ID], options: [HELP] },
  resume: { description: "let a paused container go on", operands: [ID], options: [HELP] },
  checkpoint: {
    description: "write a running container to files, with CRIU, and delete it",
    operands: [ID],
    options: [...CHECKPOINT, HELP],
  },
  restore: {
    description: "let a container go on where it was checkpointed, and wait for its end",
    operands: [ID],
    options: [BUNDLE, CONSOLE_SOCKET, PID_FILE, NO_NEW_KEYRING, ...RESTORE, DETACH, NO_SUBREAPER, HELP],
  },
  events: {
    description: "print what a container uses, and when it lacks memory, as lines of JSON",
    operands: [ID],
    options: [
      {
        name: "interval",
        kind: "text",
        argument: "TIME",
        initial: "5s",
        description: "time between two statistics",
      },
      { name: "stats", kind: "flag", description: "print the statistics once" },
      HELP,
    ],
  },
  update: {
    description: "change the limits of a container",
    operands: [ID],
    options: [...UPDATE, HELP],
  },
  ps: {
    description: "list the processes of a container",
    operands: [ID, { name: "ps-option", many: true }],
    options: [
      {
        ...FORMAT,
        description: "table: what ps(1) of the host says of them (default: ps -ef); json: their ids",
      },
      HELP,
    ],
    optionsFirst: true,
  },
  spec: {
    description: "write a config.json to start from",
    operands: [],
    options: [
      BUNDLE,
      { name: "rootless", kind: "flag", description: "for a container that you run without root" },
      HELP,
    ],
  },
  features: { description: "print what this runtime supports as JSON", operands: [], options: [HELP] },
  explain: {
    description: "print the program that a container becomes, without running it",
    operands: [],
    options: [
      BUNDLE,
      ...PROGRAM,
      {
        name: "format",
        alias: "f",
        kind: "text",
        argument: "FORMAT",
        choices: ["text"],
        initial: "text",
        description: "format of the listing",
      },
      HELP,
    ],
  },
  completion: {
    description: "print a script that completes command lines: . <(runt completion bash)",
    operands: [{ name: "shell" }],
    options: [HELP],
  },
  help: {
    description: "show help for the program or for one command",
    operands: [{ name: "command", optional: true }],
    options: [HELP],
  },
} as const satisfies Readonly<Record<string, CommandSpec>>;

export type CommandName = keyof typeof COMMANDS;

export const COMMAND_NAMES = Object.keys(COMMANDS) as readonly CommandName[];

type ValueOf<O extends OptionSpec> = O extends { kind: "flag" }
  ? boolean
  : O extends { many: true }
    ? readonly string[]
    : O extends { kind: "number" }
      ? number
      : O extends { choices: readonly (infer C)[] }
        ? C
        : O extends { initial: string }
          ? string
          : string | undefined;

export type ValuesOf<T extends readonly OptionSpec[]> = {
  readonly [O in T[number] as O["name"]]: ValueOf<O>;
};

export type OperandsOf<T extends readonly OperandSpec[]> = {
  readonly [O in T[number] as O["name"]]: O extends { many: true }
    ? readonly string[]
    : O extends { optional: true }
      ? string | undefined
      : string;
};

export type GlobalValues = ValuesOf<typeof GLOBAL_OPTIONS>;

/** One call of a command, as its file gets it. */
export interface Invocation<N extends CommandName> {
  readonly command: N;
  readonly options: ValuesOf<(typeof COMMANDS)[N]["options"]>;
  readonly operands: OperandsOf<(typeof COMMANDS)[N]["operands"]>;
}

export type AnyInvocation = { readonly [N in CommandName]: Invocation<N> }[CommandName];

/** `runt kill [options] <container-id> [signal]` */
export function usage(name: CommandName): string {
  const operands: readonly OperandSpec[] = COMMANDS[name].operands;
  const words = operands.map(({ name, optional, many }) => {
    if (many) return `[${name}...]`;
    return optional ? `[${name}]` : `<${name}>`;
  });
  return ["runt", name, "[options]", ...words].join(" ");
}
