// The receiving end of a console socket, as a program of its own: recvtty.c.

import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import * as fs from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, onTestFinished } from "vitest";
import { until } from "./bed.ts";

let directory = "";

/** For the tests of this file. */
export function compileReceiver(): void {
  beforeAll(() => {
    directory = fs.mkdtempSync(join(tmpdir(), "runt-recvtty-"));
    const source = fileURLToPath(new URL("recvtty.c", import.meta.url));
    execFileSync("cc", ["-o", join(directory, "recvtty"), source]);
  });
  afterAll(() => fs.rmSync(directory, { recursive: true }));
}

export interface Receiver {
  readonly socket: string;
  /** What the terminal has said. */
  output(): string;
  /** `bytes B fds F controls C` */
  message(): string;
  type(text: string): void;
  /** The end of the output, when nobody has the terminal open any more. */
  ended(): Promise<string>;
}

export async function receiver(socket: string): Promise<Receiver> {
  const child = spawn(join(directory, "recvtty"), [socket], { stdio: ["pipe", "pipe", "inherit"] });
  onTestFinished(() => void child.kill("SIGKILL"));
  const text = collected(child);
  await until(() => text().startsWith("listening\n"));
  const output = () => text().split("\n").slice(2).join("\n");
  return {
    socket,
    output,
    message: () => text().split("\n")[1] ?? "",
    type: (input) => void child.stdin.write(input),
    ended: async () => {
      await until(() => child.exitCode !== null || child.signalCode !== null);
      return output();
    },
  };
}

export function collected(child: ChildProcess): () => string {
  let text = "";
  child.stdout?.setEncoding("utf8").on("data", (data: string) => {
    text += data;
  });
  return () => text;
}
