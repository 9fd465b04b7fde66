// From the name of a command to its function. What engines call all the time is imported, and lies in the memory that
// a process starts with; the rest is loaded when it is called.

import { create } from "./commands/create.ts";
import { remove } from "./commands/delete.ts";
import { features } from "./commands/features.ts";
import { kill } from "./commands/kill.ts";
import { list } from "./commands/list.ts";
import { run } from "./commands/run.ts";
import { spec } from "./commands/spec.ts";
import { start } from "./commands/start.ts";
import { state } from "./commands/state.ts";
import type { AnyInvocation, CommandName, Invocation } from "./options.ts";
import type { Session } from "./session.ts";

/** Returns the exit code. */
type Command<N extends CommandName> = (
  invocation: Invocation<N>,
  session: Session,
) => number | Promise<number>;

/** A rare command loads itself first. All but two are one file: each for itself would take what they share apart. */
const COMMANDS: { readonly [N in CommandName]: Command<N> } = {
  create,
  start,
  run,
  exec: async (...call) => (await import("./commands/exec.ts")).exec(...call),
  state,
  kill,
  delete: remove,
  list,
  spec,
  features,
  pause: async (...call) => (await import("./commands/rare.ts")).RARE.pause(...call),
  resume: async (...call) => (await import("./commands/rare.ts")).RARE.resume(...call),
  checkpoint: async (...call) => (await import("./commands/rare.ts")).RARE.checkpoint(...call),
  restore: async (...call) => (await import("./commands/rare.ts")).RARE.restore(...call),
  events: async (...call) => (await import("./commands/rare.ts")).RARE.events(...call),
  update: async (...call) => (await import("./commands/rare.ts")).RARE.update(...call),
  ps: async (...call) => (await import("./commands/rare.ts")).RARE.ps(...call),
  completion: async (invocation) => (await import("./commands/rare.ts")).RARE.completion(invocation),
  explain: async (invocation) => (await import("./commands/explain.ts")).explain(invocation),
  help: async (invocation) => (await import("./commands/help.ts")).help(invocation),
};

export async function dispatch(invocation: AnyInvocation, session: Session): Promise<number> {
  const command = COMMANDS[invocation.command] as Command<CommandName>;
  return command(invocation as Invocation<CommandName>, session);
}
