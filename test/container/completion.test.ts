// Scripts of `runt completion` in the shells that they are for.

import { spawnSync } from "node:child_process";
import * as fs from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, test } from "vitest";
import { bundle, differs, runtime } from "./bed.ts";

const OTHERS = differs({ runc: "has none", crun: "has none" });

/** What bash offers for the last of these words. */
function offered(...words: string[]): string[] {
  const script = `. <(runt completion bash); COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _runt; echo "\${COMPREPLY[*]}"`;
  const env = { ...process.env, PATH: `${dirname(runtime)}:${process.env.PATH}` };
  const { stdout, stderr } = spawnSync("bash", ["-c", script, "bash", "runt", ...words], {
    encoding: "utf8",
    env,
  });
  expect(stderr).toBe("");
  return stdout.trim().split(" ");
}

describe("in bash", OTHERS, () => {
  test.each<[string[], string[]]>([
    [["st"], ["start", "state"]],
    [["--lo"], ["--log", "--log-format"]],
    [
      ["--log-format", ""],
      ["text", "json"],
    ],
    [["--log-format", "=", "j"], ["json"]],
    [
      ["list", "-f", ""],
      ["table", "json"],
    ],
    [
      ["create", "--pid"],
      ["--pid-file", "--pidfd-socket"],
    ],
    [["create", "--bundle", ""], [""]],
    [
      ["help", "re"],
      ["resume", "restore"],
    ],
    [
      ["completion", ""],
      ["bash", "zsh", "fish"],
    ],
    [["kill", "x", "SIGKI"], ["SIGKILL"]],
    [["exec", "--tty", "x", ""], [""]],
  ])("%j: %j", (words, expected) => {
    expect(offered(...words)).toEqual(expected);
  });

  test("containers are those of --root", () => {
    const container = bundle();
    container.create();
    expect(offered("--root", container.stateDir, "start", "t-")).toEqual([container.id]);
  });
});

test("another shell is refused", OTHERS, () => {
  const container = bundle();
  expect(container.call("completion", "tcsh")).toMatchObject({ code: 1 });
});

/** Where they are installed. */
test.each(["bash", "zsh", "fish"])("the script is one of %s", OTHERS, (shell) => {
  const container = bundle();
  const file = join(container.dir, "script");
  fs.writeFileSync(file, container.call("completion", shell).stdout);
  const { status, error } = spawnSync(shell, ["-n", file]);
  expect(error === undefined ? status : 0).toBe(0);
});
