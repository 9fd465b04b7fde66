// The command line as one table: parsing, help and tests all derive from it. What an option does is not its business.

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
    description: "who makes the cgroups (disabled is not supported yet)",
  },
  {
    name: "rootless",
    kind: "text",
    argument: "WHEN",
    choices: ["true", "false", "auto", ""],
    initial: "auto",
    description: "ignored, since it is found out: accepted for compatibility with runc",
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

/** What changes the program that a container becomes. */
const PROGRAM = [
  { name: "no-pivot", kind: "flag", description: "do not pivot_root, for a root filesystem in an initramfs" },
  { name: "no-new-keyring", kind: "flag", description: "keep the session keyring of the caller" },
  {
    name: "preserve-fds",
    kind: "number",
    argument: "N",
    initial: 0,
    description: "pass N more file descriptors to the container, from 3 on",
  },
] as const;

const CREATE = [
  BUNDLE,
  {
    name: "console-socket",
    kind: "text",
    argument: "SOCKET",
    description: "unix socket that receives the master of the container's terminal",
  },
  { name: "pid-file", kind: "text", argument: "FILE", description: "file to write the process id to" },
  ...PROGRAM,
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
      { name: "detach", alias: "d", kind: "flag", description: "return when the container has started" },
      { name: "keep", kind: "flag", description: "do not delete the container when it has ended" },
      { name: "no-subreaper", kind: "flag", description: "ignored: accepted for compatibility with runc" },
      HELP,
    ],
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
