// The environment that the kernel has handed to this process: environ(7).

import { environ } from "runt:host";

export function readVariable(name: string): string | undefined {
  const prefix = `${name}=`;
  return environ.find((entry) => entry.startsWith(prefix))?.slice(prefix.length);
}
