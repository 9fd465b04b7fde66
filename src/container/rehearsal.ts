// What a command does before it has an effect, for who wants to know which memory it takes (src/hot_pages.ts).

import { assemble } from "runt:host";
import { SYS } from "../abi/syscalls.ts";
import { parseCommand, parseGlobals } from "../cli/parse.ts";
import { KNOWN_PARTS } from "../program/parts.ts";
import { readCaller } from "./host.ts";
import { CHANNEL, LISTENER } from "./send.ts";
import { compileTypicalOne } from "./typical.ts";

export function rehearse(): void {
  const { rest } = parseGlobals(["--root", "/run/runt", "run", "--bundle", "/bundle", "id"]);
  parseCommand(rest);
  readCaller();
  const { code } = compileTypicalOne(KNOWN_PARTS);
  assemble(code, SYS, { [CHANNEL]: 3, [LISTENER]: 4 });
}
