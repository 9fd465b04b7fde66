// What the folders promise each other: who may import whom, and what may not be in a file at all.

import { readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const PURE =
  /^src\/(abi|spec|program|rootfs|process|namespaces|criu|seccomp\/(key|numbers|plan|stub)|cgroups\/(resources|stats\/parse|systemd\/(dbus|unit)|devices\/(filter|rules)|owner|path|place|plan)|container\/(compile(_hooks)?|failure|messages|record|ps_table|send|undo))\b/;
const WORDS =
  /\b(containers?|mounts?|mounted|namespaces?|cgroups?|rootfs|capabilit(y|ies)|seccomp|hooks?|bundles?|oci)\b/i;
/** The engine has none of these. */
const ABSENT = /\b(Date|Proxy|WeakMap|WeakRef|WeakSet|Intl|TextEncoder|TextDecoder|globalThis)\b|\bconsole\./;

function files(folder: string, ending: string): readonly { name: string; text: string }[] {
  return readdirSync(join(ROOT, folder), { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(ending))
    .map((name) => join(ROOT, folder, name))
    .map((path) => ({ name: relative(ROOT, path), text: readFileSync(path, "utf8") }));
}

function withoutComments(text: string): string {
  return text.replaceAll(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, "");
}

describe("src", () => {
  const sources = files("src", ".ts");

  test("the compiler and what it is made of do not touch the kernel", () => {
    const pure = sources.filter(({ name }) => PURE.test(name));
    expect(pure.length).toBeGreaterThan(40);
    const guilty = pure.filter(({ text }) => /from "(runt:host|(\.\.?\/)+kernel\/)/.test(text));
    expect(guilty.map(({ name }) => name)).toEqual([]);
  });

  test("what is not a comment is ASCII: strings are bytes", () => {
    // biome-ignore lint/suspicious/noControlCharactersInRegex: all of ASCII.
    const guilty = sources.filter(({ text }) => /[^\x00-\x7f]/.test(withoutComments(text)));
    expect(guilty.map(({ name }) => name)).toEqual([]);
  });

  test("uses nothing that the engine does not have", () => {
    const own = sources.filter(({ name }) => !/yargs|\.d\.ts$/.test(name));
    const guilty = own.filter(({ text }) => ABSENT.test(withoutComments(text).replaceAll(/"[^"\n]*"/g, "")));
    expect(guilty.map(({ name }) => name)).toEqual([]);
  });
});

describe("native", () => {
  // Builds, and images of virtual machines, come and go in `target`.
  const crates = readdirSync(join(ROOT, "native"), { withFileTypes: true });
  const folders = crates.filter((entry) => entry.isDirectory() && entry.name !== "target");
  const sources = folders.flatMap(({ name }) => files(join("native", name), ".rs"));

  test("is small: lines that are neither empty nor a comment", () => {
    const product = sources.filter(({ name }) => !name.endsWith("/tests.rs"));
    const lines = product
      .flatMap(({ text }) => text.split("\n"))
      .filter((line) => !/^\s*(\/\/.*)?$/.test(line));
    expect(lines.length).toBeLessThan(1600);
  });

  test("does not know what a container is", () => {
    const lines = sources.flatMap(({ name, text }) =>
      text.split("\n").map((line, index) => ({ at: `${name}:${index + 1}`, line })),
    );
    const guilty = lines.filter(({ line }) =>
      WORDS.test(line.replaceAll(/CLONE_\w+|link\(name = "seccomp"\)/g, "")),
    );
    expect(guilty.map(({ at, line }) => `${at} ${line.trim()}`)).toEqual([]);
  });
});
