// From argv to an invocation of one command, checked against the table of options. It knows nothing of what commands
// do, and answers a mistake with what would have been right.

import { RuntError } from "../error.ts";
import { quote } from "../quote.ts";
import {
  type AnyInvocation,
  COMMAND_NAMES,
  COMMANDS,
  type CommandName,
  type CommandSpec,
  GLOBAL_OPTIONS,
  type GlobalValues,
  type OptionSpec,
  usage,
} from "./options.ts";
import { dashed, type Given, split } from "./split.ts";

export interface Globals {
  readonly values: GlobalValues;
  /** The command and what follows it. */
  readonly rest: readonly string[];
}

/** @throws RuntError if an option is unknown or its value is not allowed */
export function parseGlobals(args: readonly string[]): Globals {
  const { values, words } = parseOptions(args, GLOBAL_OPTIONS, "runt", true);
  return { values: values as unknown as GlobalValues, rest: words };
}

/** What the command line says about the log, even if it is wrong elsewhere. */
export function logOptions(args: readonly string[]): Pick<GlobalValues, "log" | "log-format" | "debug"> {
  const { log, debug, "log-format": format } = split(args, GLOBAL_OPTIONS, true).values;
  return {
    log: typeof log === "string" ? log : undefined,
    "log-format": format === "json" ? "json" : "text",
    debug: debug === true,
  };
}

/** @throws RuntError that says what would have been right */
export function parseCommand([name, ...args]: readonly string[]): AnyInvocation {
  if (name === undefined) return help(undefined);
  if (!isCommand(name)) unknownCommand(name);
  const command: CommandSpec = COMMANDS[name];
  const { values, words } = parseOptions(
    args,
    command.options,
    `runt ${name}`,
    command.optionsFirst ?? false,
  );
  if (values.help) return help(name);
  return { command: name, options: values, operands: parseOperands(words, name) } as unknown as AnyInvocation;
}

function help(command: CommandName | undefined): AnyInvocation {
  return { command: "help", options: { help: true }, operands: { command } };
}

export function isCommand(name: string): name is CommandName {
  return Object.hasOwn(COMMANDS, name);
}

export function unknownCommand(name: string): never {
  usageError(`unknown command ${quote(name)}`, `the commands are ${COMMAND_NAMES.join(", ")}`);
}

function parseOperands(
  given: readonly string[],
  name: CommandName,
): Readonly<Record<string, string | readonly string[]>> {
  const { operands }: CommandSpec = COMMANDS[name];
  const single = operands.filter(({ many }) => !many);
  const rest = operands.find(({ many }) => many);
  const least = single.filter(({ optional }) => !optional).length;
  const most = rest === undefined ? single.length : Number.POSITIVE_INFINITY;
  if (given.length < least || given.length > most) {
    const count =
      rest !== undefined
        ? `a minimum of ${least}`
        : least === most
          ? `exactly ${most}`
          : `${least} to ${most}`;
    usageError(`"${name}" requires ${count} argument(s), found ${given.length}`, `usage: ${usage(name)}`);
  }
  const named = given
    .slice(0, single.length)
    .map((value, index) => [single[index]?.name ?? "", value] as const);
  return {
    ...Object.fromEntries(named),
    ...(rest !== undefined && { [rest.name]: given.slice(single.length) }),
  };
}

type Values = Readonly<Record<string, Given | number | undefined>>;

function parseOptions(
  args: readonly string[],
  options: readonly OptionSpec[],
  program: string,
  halt: boolean,
): { values: Values; words: readonly string[] } {
  const { values, words, unknown, incomplete, invalid } = split(args, options, halt);
  if (invalid !== undefined) usageError(`invalid boolean value in ${quote(invalid)}`, "use true or false");
  if (unknown !== undefined) unknownOption(unknown, options, program);
  // Podman looks for these words to find out which options there are.
  if (incomplete !== undefined) usageError(`flag needs an argument: ${incomplete}`, `see ${program} --help`);
  const checked: Record<string, Values[string]> = { ...INITIAL.get(options) };
  for (let i = 0; i < options.length; i++) {
    const option = options[i] as OptionSpec;
    const given = values[option.name];
    if (given !== undefined) checked[option.name] = checkValue(option, given);
  }
  return { values: checked, words };
}

/** The values of options that are not given. */
const INITIAL: ReadonlyMap<readonly OptionSpec[], Values> = new Map(
  [GLOBAL_OPTIONS, ...Object.values<CommandSpec>(COMMANDS).map(({ options }) => options)].map(
    (options: readonly OptionSpec[]) => [options, Object.fromEntries(options.map(initialValue))],
  ),
);

function initialValue({ name, kind, initial, many }: OptionSpec): [name: string, value: Values[string]] {
  return [name, kind === "flag" ? false : many ? [] : initial];
}

function checkValue(option: OptionSpec, given: Given): Values[string] {
  const { name, kind, choices, many } = option;
  if (many) return given;
  if (kind === "flag") return given === true;
  const text = String(given);
  if (kind === "number") {
    if (/^[0-9]{1,9}$/.test(text)) return Number(text);
    usageError(`invalid ${name}: ${quote(text)}`, "expected an integer from 0 on");
  }
  if (choices !== undefined && !choices.includes(text)) {
    const allowed = choices.filter((choice) => choice !== "");
    usageError(`invalid ${name}: ${text}`, `expected ${allowed.join(" or ")}`);
  }
  return text;
}

function unknownOption(given: string, options: readonly OptionSpec[], program: string): never {
  const spellings = options.map(({ name, alias }) => {
    return alias === undefined ? dashed(name) : `${dashed(alias)}/${dashed(name)}`;
  });
  usageError(`unknown option ${quote(given)}`, `${program} has ${spellings.join(", ")}`);
}

function usageError(what: string, hint: string): never {
  throw new RuntError({ what, hint });
}
