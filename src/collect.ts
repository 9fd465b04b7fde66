// A program of the build: prints the parts of typical containers' programs for the runtime that is built next, which
// reads them when it is loaded. Format: size of the JSON (u32), JSON, images.

import { assemble, decode } from "runt:host";
import { words } from "./abi/structs.ts";
import { SYS } from "./abi/syscalls.ts";
import { print } from "./cli/environment.ts";
import type { PartRow } from "./container/prepared_parts.ts";
import { compileTypical } from "./container/typical.ts";
import { collectParts } from "./program/parts.ts";
import type { Json } from "./spec/json.ts";

export async function preload(): Promise<void> {
  const rows: PartRow[] = [];
  const images: string[] = [];
  const parts = collectParts((subject, key, code, result) => {
    const image = assemble(code, SYS, {});
    rows.push({ ...key, subject: subject as Json, length: code.length, size: image.length, result });
    images.push(decode(image, 0, image.length));
  });
  compileTypical(parts);
  const json = JSON.stringify(rows);
  print(decode(words(json.length), 0, 4) + json + images.join(""));
}

/** Nobody uses the memory of this one. */
export async function hotPages(): Promise<readonly Uint32Array[]> {
  return [new Uint32Array(), new Uint32Array()];
}

/** Never called: the build needs no more than what is printed. */
export function main(): never {
  throw new Error("this is a program of the build");
}
