// A command in a session of its own, with a terminal: what a person's shell is for a runtime in the foreground. script(1).

import { spawn } from "node:child_process";
import { onTestFinished } from "vitest";
import { type Container, until } from "./bed.ts";
import { collected } from "./receiver.ts";

/** @param command of a shell, which runs in the bundle */
export function inSession({ dir }: Container, command: string) {
  const child = spawn("script", ["-qec", command, "/dev/null"], {
    cwd: dir,
    env: { ...process.env, SHELL: "/bin/sh", TERM: "dumb" },
    stdio: ["pipe", "pipe", "inherit"],
  });
  onTestFinished(() => void child.kill("SIGKILL"));
  const output = collected(child);
  const ended = async () => {
    await until(() => child.exitCode !== null);
    return { code: child.exitCode, output: output().replaceAll("\r\n", "\n") };
  };
  return { type: (text: string) => void child.stdin.write(text), output, ended };
}
