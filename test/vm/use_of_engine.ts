// What people do with an engine, as root and as ordinary users.

import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect } from "vitest";
import { output } from "./shell.ts";

const MINUTES = 60_000;
export const IMAGE = "localhost/small:latest";
export const SCRIPT = ["sh", "-c", "echo $(id -u) $(cat /proc/1/comm)"];
export const RUNT = fileURLToPath(new URL("../../dist/runt", import.meta.url));

/** What people do with a container, and how engines name what went wrong. */
export function useOf(engine: string, global: readonly string[], options: readonly string[]): void {
  const call = (...args: string[]) => output(engine, ...global, ...args);
  const status = (...args: string[]) =>
    spawnSync(engine, [...global, ...args], { encoding: "utf8", timeout: 2 * MINUTES }).status;
  const run = ["run", ...options];
  expect(call(...run, "--rm", IMAGE, ...SCRIPT)).toBe("0 sh");
  const confined = call(...run, "--rm", IMAGE, "grep", "-E", "^(Seccomp|NoNewPrivs):", "/proc/self/status");
  expect(confined).toMatch(/Seccomp:\t2/);
  expect(status(...run, "--rm", IMAGE, "no-such-program")).toBe(127);
  expect(status(...run, "--rm", IMAGE, "/etc/passwd")).toBe(126);
  expect(status(...run, "--rm", IMAGE, "sh", "-c", "exit 42")).toBe(42);
  const id = call(...run, "--detach", "--memory=64m", IMAGE, "sleep", "1000");
  const inside = ["exec", "--user=1234", "--workdir=/tmp", "--env=A=b", id];
  expect(call(...inside, "sh", "-c", "echo $(id -u) $(pwd) $A")).toBe("1234 /tmp b");
  expect(call("exec", id, "cat", "/sys/fs/cgroup/memory.max")).toBe(String(64 << 20));
  expect(status("exec", id, "sh", "-c", "exit 3")).toBe(3);
  // Docker 26 says 126, whichever the runtime.
  expect([126, 127]).toContain(status("exec", id, "no-such-program"));
  call("kill", id);
  expect(call("wait", id)).toBe("137");
  call("rm", "--force", id);
}
