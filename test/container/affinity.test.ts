// process.execCPUAffinity: the processors of a process that `exec` starts, and of no other.

import { spawnSync } from "node:child_process";
import * as fs from "node:fs";
import { expect, test } from "vitest";
import { bundle, differs, runtime } from "./bed.ts";

const allowed = (status: string) => /^Cpus_allowed_list:\t(.*)$/m.exec(status)?.[1] ?? "";
const ALL = allowed(fs.readFileSync("/proc/self/status", "utf8"));
const [FIRST = "0"] = ALL.split(/[-,]/);
const LAST = ALL.split(/[-,]/).at(-1) ?? FIRST;
const NEW = { runc: "1.1 knows nothing of it", crun: "1.8 knows nothing of it" };

test.each<[object, expected: string]>([
  [{ initial: FIRST, final: LAST }, LAST],
  [{ final: FIRST }, FIRST],
  [{ initial: LAST }, LAST],
  [{ initial: LAST, final: "" }, LAST],
])("%j is for exec only", differs(NEW), (execCPUAffinity, expected) => {
  const container = bundle((config) => {
    config.process.args = ["sleep", "1000"];
    Object.assign(config.process, { execCPUAffinity });
  });
  container.create();
  container.start();
  const { stdout } = container.call("exec", container.id, "cat", "/proc/self/status");
  expect(allowed(stdout)).toBe(expected);
  expect(allowed(fs.readFileSync(`/proc/${container.state().pid}/status`, "utf8"))).toBe(ALL);
});

test.each([FIRST, LAST, ALL])("a container has the processors of its caller: %s", (list) => {
  const container = bundle((config) => {
    config.process.args = ["cat", "/proc/self/status"];
  });
  const args = ["--cpu-list", list, runtime, "--root", container.stateDir, "run", container.id];
  const { stdout } = spawnSync("taskset", args, { cwd: container.dir, encoding: "utf8" });
  expect(allowed(stdout)).toBe(list);
});
