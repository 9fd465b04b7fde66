// Arguments into options and words: yargs-parser, with all that it would guess switched off. Which values are
// allowed is not decided here.

/// <reference path="./yargs.d.ts" />

import parser from "yargs-parser/browser";
import type { OptionSpec } from "./options.ts";

export interface Split {
  /** By the name in the table. Of an option that is given twice the last wins: conmon-rs repeats --root. */
  readonly values: Readonly<Record<string, string | boolean | undefined>>;
  readonly words: readonly string[];
  /** The first option that is not in the table, as it was written. */
  readonly unknown?: string;
  /** An option whose argument is missing, with its dashes. */
  readonly incomplete?: string;
}

const CONFIGURATION = {
  "boolean-negation": false,
  "camel-case-expansion": false,
  "dot-notation": false,
  "duplicate-arguments-array": false,
  "nargs-eats-options": true,
  "parse-numbers": false,
  "parse-positional-numbers": false,
  "populate--": true,
  // Without groups, `-bundle x` is `--bundle x`: go-runc passes `-no-subreaper`.
  "short-option-groups": false,
  // Otherwise `--_=x` would replace the list of words.
  "unknown-options-as-args": true,
};

/** @param halt the first word ends the options */
export function split(args: readonly string[], options: readonly OptionSpec[], halt: boolean): Split {
  // The parser takes 0.3 ms, a tenth of a whole `state`, and often there is nothing for it to do.
  if (!(halt ? args.slice(0, 1) : args).some(isOption)) return { values: {}, words: args };
  let incomplete: string | undefined;
  const { argv } = parser.detailed(args.map(shield), {
    ...kinds(options),
    alias: Object.fromEntries(options.flatMap(({ name, alias }) => (alias ? [[name, [alias]]] : []))),
    configuration: { ...CONFIGURATION, "halt-at-non-option": halt },
    // The only message that the parser has for us.
    __: (_, key) => {
      incomplete = dashed(key);
      return "";
    },
  });
  const plain = argv._ as readonly string[];
  // What is not in the table is either among the words or a key of its own.
  const unknown = plain.find(isOption) ?? Object.keys(argv).find((key) => !isKnown(key, options));
  const values = Object.fromEntries(options.map(({ name }) => [name, unshieldValue(argv[name])]));
  const literal = (argv["--"] ?? []) as readonly string[];
  return {
    values,
    words: [...plain, ...literal].map(unshield),
    ...(unknown !== undefined && { unknown: isOption(unknown) ? unknown : dashed(unknown) }),
    ...(incomplete !== undefined && { incomplete }),
  };
}

function kinds(options: readonly OptionSpec[]) {
  const flags = options.filter(({ kind }) => kind === "flag").map(({ name }) => name);
  const others = options.filter(({ kind }) => kind !== "flag").map(({ name }) => name);
  return { boolean: flags, string: others, narg: Object.fromEntries(others.map((name) => [name, 1])) };
}

/** Our strings are bytes, so no argument has this in it. */
const MARK = "\u0100";

/** yargs-parser takes a `true` that follows a flag for its value: `delete --force true` names a container. */
function shield(arg: string): string {
  return arg === "true" || arg === "false" ? MARK + arg : arg;
}

function unshield(arg: string): string {
  return arg.startsWith(MARK) ? arg.slice(MARK.length) : arg;
}

function unshieldValue(value: unknown): string | boolean | undefined {
  return typeof value === "string" ? unshield(value) : value === true || undefined;
}

function isOption(word: string): boolean {
  return word.startsWith("-") && word !== "-";
}

function isKnown(key: string, options: readonly OptionSpec[]): boolean {
  return key === "_" || key === "--" || options.some(({ name, alias }) => key === name || key === alias);
}

export function dashed(name: string): string {
  return name.length === 1 ? `-${name}` : `--${name}`;
}
