// The help texts: yargs lays out what the table of options says. Loaded for --help only, since yargs is large.

import {
  COMMAND_NAMES,
  COMMANDS,
  type CommandSpec,
  GLOBAL_OPTIONS,
  type OptionSpec,
  usage,
} from "./options.ts";
import { isCommand, unknownCommand } from "./parse.ts";
import { newYargs } from "./yargs_platform.ts";

const COLUMNS = 80;

/** @throws RuntError if there is no such command */
export async function helpText(command: string | undefined): Promise<string> {
  if (command !== undefined && !isCommand(command)) unknownCommand(command);
  const yargs = command === undefined ? programHelp() : commandHelp(usage(command), COMMANDS[command]);
  return `${await yargs.getHelp()}\n`;
}

function programHelp() {
  const yargs = emptyHelp().usage("runt [options] <command> [command options]\n\nAn OCI container runtime.");
  for (const name of COMMAND_NAMES) yargs.command(name, COMMANDS[name].description);
  return addOptions(yargs, GLOBAL_OPTIONS).epilogue("runt <command> --help shows the options of a command.");
}

function commandHelp(line: string, { description, options }: CommandSpec) {
  return addOptions(emptyHelp().usage(`${line}\n\n${capitalized(description)}.`), options);
}

function emptyHelp() {
  const yargs = newYargs([]).scriptName("").wrap(COLUMNS).help(false).version(false).exitProcess(false);
  return yargs.parserConfiguration({ "camel-case-expansion": false, "dot-notation": false });
}

/** Nothing is parsed here, so the name of an option can carry that of its argument. */
function addOptions(yargs: ReturnType<typeof emptyHelp>, options: readonly OptionSpec[]) {
  for (const { name, alias, argument, description, choices, initial } of options) {
    yargs.option(argument === undefined ? name : `${name} ${argument}`, {
      description,
      ...(alias !== undefined && { alias }),
      ...(choices !== undefined && { choices: choices.filter((choice) => choice !== "") }),
      ...(initial !== undefined && { default: initial }),
    });
  }
  return yargs;
}

function capitalized(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
