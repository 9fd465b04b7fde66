// The environment that the kernel has handed to this process: environ(7).

import { environ } from "runt:host";

/** `NAME=value` of each variable. */
export function readEnvironment(): readonly string[] {
  const all = environ[0] ?? "";
  return all === "" ? [] : all.split("\0");
}

export function readVariable(name: string): string | undefined {
  // The engine splits much faster than it searches.
  return `\0${environ[0] ?? ""}`.split(`\0${name}=`, 2)[1]?.split("\0", 1)[0];
}
