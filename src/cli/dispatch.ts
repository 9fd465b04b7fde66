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
  pause: async () => (await import("./commands/pause.ts")).pause,
  resume: async () => (await import("./commands/pause.ts")).resume,
  events: async () => (await import("./commands/events.ts")).events,
  update: async () => (await import("./commands/update.ts")).update,
  ps: async () => (await import("./commands/ps.ts")).ps,
  spec: async () => (await import("./commands/spec.ts")).spec,
  features: async () => (await import("./commands/features.ts")).features,
  explain: async () => (await import("./commands/explain.ts")).explain,
  help: async () => (await import("./commands/help.ts")).help,
};

export async function dispatch(invocation: AnyInvocation, session: Session): Promise<number> {
  const command = (await COMMAND_FILES[invocation.command]()) as Command<CommandName>;
  return command(invocation as Invocation<CommandName>, session);
}

/** Not worth the memory of every process: the help, which brings a library, and what no engine does all the time. */
const RARE: readonly CommandName[] = ["help", "explain", "pause", "resume", "events", "update", "ps"];

export async function loadCommands(): Promise<void> {
  const names = Object.keys(COMMAND_FILES) as CommandName[];
  await Promise.all(names.filter((name) => !RARE.includes(name)).map((name) => COMMAND_FILES[name]()));
}
