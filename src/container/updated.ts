// The limits that a later `update` may depend on: resources.json in the container's directory, which is there from the
// first `update` on. `delete` finds it like any file that it does not know: few containers have one.

import { formatRemembered, type Remembered } from "../cgroups/resources/complete.ts";
import { readFile, readFileIfExists, replaceFile } from "../kernel/file.ts";
import { parseResources, parseSpec } from "../spec/parse.ts";
import type { LinuxResources } from "../spec/types.ts";
import type { LockedDirectory } from "./store.ts";

const FILE = "resources.json";

/** Those of the last update, or of config.json as it was at `create`. */
export function readRemembered({ fd }: LockedDirectory): LinuxResources {
  const text = readFileIfExists(FILE, fd);
  if (text !== undefined) return parseResources(text);
  return parseSpec(readFile("config.json", fd)).spec.linux?.resources ?? {};
}

export function writeRemembered({ fd }: LockedDirectory, remembered: Remembered): void {
  replaceFile(FILE, formatRemembered(remembered), fd, 0o600);
}
