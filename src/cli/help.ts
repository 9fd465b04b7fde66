// The help texts: yargs lays out what the table of options says. The build does it once for all (tools/build.mjs), and the
// executable has the texts.

import Yargs from "yargs";
import {
  COMMAND_NAMES,
  COMMANDS,
  type CommandSpec,
  GLOBAL_OPTIONS,
  type OptionSpec,
  usage,
} from "./options.ts";

const COLUMNS = 80;

/** By the name of the command; that of the program itself has none. */
export async function helpTexts(): Promise<Readonly<Record<string, string>>> {
  const texts: Record<string, string> = { "": await textOf(programHelp()) };
  for (const name of COMMAND_NAMES) texts[name] = await textOf(commandHelp(usage(name), COMMANDS[name]));
  return texts;
}

async function textOf(yargs: ReturnType<typeof emptyHelp>): Promise<string> {
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
  const yargs = Yargs([])
    .locale("en")
    .scriptName("")
    .wrap(COLUMNS)
    .help(false)
    .version(false)
    .exitProcess(false);
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
