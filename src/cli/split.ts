// Arguments into options and words, as Go's urfave/cli takes runc's: `--name value`, `--name=value`, one dash or two.
// Which values are allowed is not decided here. (A library did this before. It took a tenth of the time of `create`,
// and most of the code around it was there to keep it from guessing.)

import type { OptionSpec } from "./options.ts";

/** What was given for an option. */
export type Given = string | boolean | readonly string[];

export interface Split {
  /** By the name in the table. Of an option that is given twice the last wins: conmon-rs repeats --root. */
  readonly values: Readonly<Record<string, Given | undefined>>;
  readonly words: readonly string[];
  /** The first option that is not in the table, with its dashes. */
  readonly unknown?: string;
  /** An option whose argument is missing, with its dashes. */
  readonly incomplete?: string;
  /** A flag with a value that is neither true nor false, as it was written. */
  readonly invalid?: string;
}

/** @param halt the first word ends the options */
export function split(args: readonly string[], options: readonly OptionSpec[], halt: boolean): Split {
  const values: Record<string, Given> = {};
  const words: string[] = [];
  // What is wrong is remembered, and the rest still read: it may say where the log is.
  let wrong: Pick<Split, "unknown" | "invalid"> = {};
  for (let at = 0; at < args.length; at++) {
    const arg = args[at] as string;
    if (arg === "--") return { values, words: [...words, ...args.slice(at + 1)], ...wrong };
    if (!isOption(arg)) {
      if (halt) return { values, words: args.slice(at), ...wrong };
      words.push(arg);
      continue;
    }
    const { name, value } = takeApart(arg);
    const option = options.find((known) => known.name === name || known.alias === name);
    if (option === undefined) wrong = { unknown: dashed(name), ...wrong };
    else if (option.kind !== "flag") {
      const given = value ?? args[++at];
      if (given === undefined) return { values, words, incomplete: dashed(name), ...wrong };
      values[option.name] = option.many
        ? [...((values[option.name] ?? []) as readonly string[]), given]
        : given;
    } else if (value === undefined || value === "true" || value === "false") {
      values[option.name] = value !== "false";
    } else wrong = { invalid: arg, ...wrong };
  }
  return { values, words, ...wrong };
}

function isOption(word: string): boolean {
  return word.startsWith("-") && word !== "-";
}

/** go-runc passes `-no-subreaper` for `--no-subreaper`. */
function takeApart(arg: string): { readonly name: string; readonly value?: string } {
  const start = arg.startsWith("--") ? 2 : 1;
  const equals = arg.indexOf("=");
  if (equals < 0) return { name: arg.slice(start) };
  return { name: arg.slice(start, equals), value: arg.slice(equals + 1) };
}

export function dashed(name: string): string {
  return name.length === 1 ? `-${name}` : `--${name}`;
}
