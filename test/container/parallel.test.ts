// Many containers at once, with cgroups that they make in their own and children that go on forking: deleted by force,
// nothing of them is left.

import * as fs from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { bundle, type Container, differs, twin, until } from "./bed.ts";
import { sh } from "./config.ts";
import { leftovers, stateOf } from "./leftovers.ts";

const COUNT = 200;
/** How many commands run at a time. */
const WIDTH = 16;

/** A tree of cgroups with somebody in the lowest one, who has children that come and go. */
const FORKS = `
cd /sys/fs/cgroup && mkdir -p a/b c && echo $$ > a/b/cgroup.procs || exit 1
for child in 1 2 3; do while :; do sleep 5; done & done
wait`;

test(`${COUNT} are deleted by force at the same time`, {
  ...differs({
    runc: "uses cgroup v1 where both are mounted",
    crun: "uses cgroup v1 where both are mounted",
  }),
  timeout: 600_000,
}, async () => {
  const first = bundle((config) => {
    config.process.args = sh(FORKS);
    config.mounts = (config.mounts ?? []).filter(({ destination }) => destination !== "/sys/fs/cgroup");
    config.mounts.push({ destination: "/sys/fs/cgroup", type: "cgroup", source: "cgroup", options: ["rw"] });
  });
  const all = [first, ...Array.from({ length: COUNT - 1 }, (_, n) => twin(first, `${first.id}.${n}`))];
  await forAll(all, async (container) => {
    container.create();
    container.start();
  });
  const inner = (container: Container) => join(cgroupOf(container), "a/b/cgroup.procs");
  // The shell, and its three children, which begin in the same place.
  const hasAll = (file: string) =>
    fs.existsSync(file) && fs.readFileSync(file, "utf8").split("\n").length > 4;
  await until(() => all.every((container) => hasAll(inner(container))));
  const results = await forAll(all, (container) => container.callAsync("delete", "--force", container.id));
  expect(results.filter(({ code, stderr }) => code !== 0 || stderr !== "")).toEqual([]);
  expect(stateOf(first.stateDir)).toEqual([]);
  // The ids of all begin with that of the first one.
  expect(leftovers(first.id, first.dir)).toEqual([]);
});

function cgroupOf(container: Container): string {
  const state = JSON.parse(fs.readFileSync(join(container.stateDir, container.id, "container.json"), "utf8"));
  return String(state.cgroup);
}

async function forAll<T>(
  all: readonly Container[],
  body: (container: Container) => Promise<T>,
): Promise<T[]> {
  const results: T[] = [];
  const todo = [...all];
  const worker = async () => {
    for (let next = todo.pop(); next !== undefined; next = todo.pop()) results.push(await body(next));
  };
  await Promise.all(Array.from({ length: WIDTH }, worker));
  return results;
}
