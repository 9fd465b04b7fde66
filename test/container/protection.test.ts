// What an attacker who can write to the runtime's memory still cannot write: what the linker has marked as read-only once
// the program has begun (PT_GNU_RELRO, elf(5)).

import * as fs from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { bundle, differs, runtime } from "./bed.ts";

const PT_GNU_RELRO = 0x6474e552;

interface Range {
  readonly begin: number;
  readonly end: number;
}

/** Of a 64-bit ELF file. */
function relro(path: string): Range {
  const file = fs.readFileSync(path);
  const [offset, size, count] = [
    Number(file.readBigUInt64LE(32)),
    file.readUInt16LE(54),
    file.readUInt16LE(56),
  ];
  const headers = Array.from({ length: count }, (_, index) => file.subarray(offset + index * size));
  const found = headers.find((header) => header.readUInt32LE(0) === PT_GNU_RELRO);
  if (found === undefined) throw new Error(`${path} has no PT_GNU_RELRO`);
  const begin = Number(found.readBigUInt64LE(16));
  return { begin, end: begin + Number(found.readBigUInt64LE(40)) };
}

test(
  "the runtime cannot write its own tables of addresses",
  differs({ crun: "is the distribution's", runc: "is the distribution's" }),
  () => {
    const container = bundle((config, rootfs) => {
      const copy = ["sh", "-c", `cat /proc/$PPID/maps > ${join(rootfs, "..", "maps")}`];
      config.hooks = { createRuntime: [{ path: "/bin/sh", args: copy, env: ["PATH=/usr/bin:/bin"] }] };
    });
    expect(container.run().code).toBe(0);
    const { begin, end } = relro(runtime);
    const lines = fs.readFileSync(join(container.dir, "maps"), "utf8").trim().split("\n");
    const modes = lines.flatMap((line) => {
      const [range = "", mode = ""] = line.split(" ");
      const [from = 0, to = 0] = range.split("-").map((text) => Number.parseInt(text, 16));
      return from < end && to > begin ? [mode] : [];
    });
    expect(modes).toEqual(["r--p"]);
  },
);
