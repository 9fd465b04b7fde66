import { describe, expect, test } from "vitest";
import { helpTexts } from "../../../src/cli/help.ts";
import { COMMAND_NAMES, COMMANDS, GLOBAL_OPTIONS, type OptionSpec, usage } from "../../../src/cli/options.ts";

const TABLES: readonly (readonly [string | undefined, readonly OptionSpec[]])[] = [
  [undefined, GLOBAL_OPTIONS],
  ...COMMAND_NAMES.map((name) => [name, COMMANDS[name].options] as const),
];

describe.each(TABLES)("options of %s", (command, options) => {
  test("have a name, a description and, unless they are flags, an argument", () => {
    for (const { name, alias, kind, argument, description, initial } of options) {
      expect(name).toMatch(/^[a-z][a-z0-9]*(-[a-z]+)*$/);
      expect(alias ?? "a").toMatch(/^[a-z]$/);
      expect(description).toMatch(/^[\x20-\x7e]{5,}$/);
      expect(argument === undefined).toBe(kind === "flag");
      if (kind === "number") expect(initial).toBeTypeOf("number");
    }
  });

  test("are unique", () => {
    const spellings = options.flatMap(({ name, alias }) => (alias === undefined ? [name] : [name, alias]));
    expect(new Set(spellings).size).toBe(spellings.length);
  });

  test("are in the help", async () => {
    const text = await helpText(command);
    for (const { name, alias, argument, description } of options) {
      const line = text
        .split("\n")
        .find((candidate) => candidate.includes(` --${name}${argument ? ` ${argument}` : ""}`));
      expect(line, name).toBeDefined();
      if (alias !== undefined) expect(line).toContain(`-${alias}, --${name}`);
      expect(words(text)).toContain(words(description));
    }
  });

  test("have a help that fits into 80 columns of ASCII", async () => {
    const text = await helpText(command);
    expect(text).toMatch(/^[\n\x20-\x7e]*[^\n]\n$/);
    for (const line of text.split("\n")) expect(line.length, line).toBeLessThanOrEqual(80);
  });
});

async function helpText(command = ""): Promise<string> {
  return (await helpTexts())[command] ?? "";
}

/** Without the layout: a description is wrapped between words, with the extras of yargs right below it. */
function words(text: string): string {
  return text.replaceAll(/\s+/g, " ");
}

describe("help", () => {
  test("of the program names all commands and what they do", async () => {
    const text = await helpText("");
    for (const name of COMMAND_NAMES) expect(text).toMatch(new RegExp(`^  ${name} +\\S`, "m"));
  });

  test("of a command begins with its usage", async () => {
    expect(await helpText("kill")).toMatch(/^runt kill \[options\] <container-id> \[signal\]\n/);
    for (const name of COMMAND_NAMES) expect((await helpText(name)).startsWith(usage(name))).toBe(true);
  });

  test("of the whole kill command", async () => {
    expect(await helpText("kill")).toBe(`runt kill [options] <container-id> [signal]

Send a signal (default: SIGTERM) to a container.

Options:
  -a, --all   send it to all processes of the container
  -h, --help  show help
`);
  });
});
