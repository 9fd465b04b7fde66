// The platform-neutral entries of yargs and yargs-parser, which come without types. Only what we use.

declare module "yargs-parser/browser" {
  interface Options {
    readonly boolean: readonly string[];
    readonly string: readonly string[];
    readonly narg: Readonly<Record<string, number>>;
    readonly alias: Readonly<Record<string, readonly string[]>>;
    readonly configuration: Readonly<Record<string, boolean>>;
    /** Formats a message about the option named in `key`. */
    readonly __: (message: string, key: string) => string;
  }

  interface Result {
    readonly argv: Readonly<Record<string, unknown>>;
    readonly error: Error | null;
  }

  const parser: { detailed(args: readonly string[], options: Options): Result };
  // biome-ignore lint/style/noDefaultExport: this is how the package exports it
  export default parser;
}

declare module "*/yargs/build/lib/yargs-factory.js" {
  interface HelpOption {
    readonly alias?: string;
    readonly description: string;
    readonly choices?: readonly string[];
    readonly default?: string | number;
  }

  interface Yargs {
    scriptName(name: string): Yargs;
    usage(text: string): Yargs;
    command(usage: string, description: string): Yargs;
    option(name: string, option: HelpOption): Yargs;
    epilogue(text: string): Yargs;
    wrap(columns: number): Yargs;
    help(enabled: false): Yargs;
    version(enabled: false): Yargs;
    exitProcess(enabled: false): Yargs;
    parserConfiguration(configuration: Readonly<Record<string, boolean>>): Yargs;
    getHelp(): Promise<string>;
  }

  export function YargsFactory(shim: object): (args: readonly string[]) => Yargs;
}

declare module "*/cliui/build/lib/index.js" {
  export interface Layout {
    readonly width: number;
    readonly wrap: boolean;
  }

  interface Mixin {
    readonly stringWidth: (text: string) => number;
    readonly stripAnsi: (text: string) => string;
    readonly wrap: (text: string, width: number) => string;
  }

  export function cliui(layout: Layout, mixin: Mixin): object;
}
