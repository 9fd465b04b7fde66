// From the name of a command to its file, which is loaded only then: `state` has no use for the code of `create`.

import type { AnyInvocation, CommandName, Invocation } from "./options.ts";
import type { Session } from "./session.ts";

/** Returns the exit code. */
type Command<N extends CommandName> = (
  invocation: Invocation<N>,
  session: Session,
) => number | Promise<number>;

const COMMAND_FILES: { readonly [N in CommandName]: () => Promise<Command<N>> } = {
  create: async () => (await import("./commands/create.ts")).create,
  start: async () => (await import("./commands/start.ts")).start,
  run: async () => (await import("./commands/run.ts")).run,
  state: async () => (await import("./commands/state.ts")).state,
  kill: async () => (await import("./commands/kill.ts")).kill,
  delete: async () => (await import("./commands/delete.ts")).remove,
  list: async () => (await import("./commands/list.ts")).list,
  spec: async () => (await import("./commands/spec.ts")).spec,
  features: async () => (await import("./commands/features.ts")).features,
  explain: async () => (await import("./commands/explain.ts")).explain,
  help: async () => (await import("./commands/help.ts")).help,
};

/** Filled by the build; an import costs the engine something even where there is nothing to load. */
const LOADED = new Map<CommandName, Command<CommandName>>();

export async function dispatch(invocation: AnyInvocation, session: Session): Promise<number> {
  const { command: name } = invocation;
  const command = LOADED.get(name) ?? ((await COMMAND_FILES[name]()) as Command<CommandName>);
  return command(invocation as Invocation<CommandName>, session);
}

/** Loads what is worth its memory: not the help, which brings a library, and not what explains. */
export async function loadCommands(): Promise<void> {
  const { help: _help, explain: _explain, ...others } = COMMAND_FILES;
  for (const [name, load] of Object.entries(others)) {
    LOADED.set(name as CommandName, (await load()) as Command<CommandName>);
  }
}
