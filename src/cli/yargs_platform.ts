// yargs without Node: its core, and what it asks of a platform, as far as a help text needs it. Its own entries need
// Node's modules or the network, and its package exports nothing else, hence the paths.

/// <reference path="./yargs.d.ts" />

import parser from "yargs-parser/browser";
import { cliui, type Layout } from "../../node_modules/cliui/build/lib/index.js";
import { YargsFactory } from "../../node_modules/yargs/build/lib/yargs-factory.js";

/** Our texts are ASCII. */
const stringWidth = (text: string) => text.length;

const MIXIN = { stringWidth, stripAnsi: (text: string) => text, wrap };

const same = (path: string) => path;
const nothing = () => undefined;

/** The shape of yargs' own lib/platform-shims/browser.mjs. */
const SHIM = {
  assert: { notStrictEqual: nothing, strictEqual: nothing },
  cliui: (layout: Layout) => cliui(layout, MIXIN),
  getEnv: nothing,
  getProcessArgvBin: () => "runt",
  mainFilename: "runt",
  Parser: parser,
  path: {
    basename: same,
    dirname: same,
    extname: () => "",
    join: same,
    relative: (_: string, to: string) => to,
  },
  process: { argv: () => ["runt"], cwd: () => "/", execPath: () => "", exit: nothing, stdColumns: 80 },
  stringWidth,
  y18n: {
    __: format,
    __n: (one: string, many: string, count: number, ...args: readonly string[]) =>
      format(count === 1 ? one : many, ...args),
    getLocale: () => "en_US",
    setLocale: nothing,
    updateLocale: nothing,
  },
};

export const newYargs = YargsFactory(SHIM);

function format(text: string, ...args: readonly unknown[]): string {
  return args.reduce<string>((done, arg) => done.replace("%s", () => String(arg)), text);
}

/** Breaks lines between words. A word that is too long stays whole. */
function wrap(text: string, width: number): string {
  return text
    .split("\n")
    .map((line) => wrapLine(line, width))
    .join("\n");
}

function wrapLine(line: string, width: number): string {
  const lines: string[] = [];
  for (const word of line.trimEnd().split(" ")) {
    const last = lines.at(-1);
    if (last === undefined || last.length + 1 + word.length > width) lines.push(word);
    else lines[lines.length - 1] = `${last} ${word}`;
  }
  return lines.join("\n");
}
