import { describe, expect, test } from "vitest";
import { has, NAMESPACE_FLAG, namespaceFile, planNamespaces } from "../../src/namespaces/plan.ts";
import { NAMESPACE_TYPES } from "../../src/spec/values.ts";

test("nothing is created or joined without being asked for", () => {
  expect(planNamespaces([])).toEqual({ created: new Set(), joined: [], cloneFlags: 0 });
});

describe("a new namespace", () => {
  test.each([
    ["pid", 0x20000000],
    ["network", 0x40000000],
    ["mount", 0x20000],
    ["ipc", 0x8000000],
    ["uts", 0x4000000],
    ["user", 0x10000000],
    // Its root is where the process is that creates it: the stage does, in its cgroup.
    ["cgroup", 0],
    // Its offsets are written before anyone is in it.
    ["time", 0],
  ] as const)("%s", (type, cloneFlags) => {
    const plan = planNamespaces([{ type }]);
    expect(plan).toEqual({ created: new Set([type]), joined: [], cloneFlags });
    expect(has(plan, type)).toBe(true);
  });
});

test("namespaces to join are in the order of the config, each with its field", () => {
  const plan = planNamespaces([
    { type: "pid" },
    { type: "network", path: "/run/netns/a" },
    { type: "ipc", path: "/proc/1/ns/ipc" },
  ]);
  expect(plan.joined).toEqual([
    { type: "network", path: "/run/netns/a", pointer: "/linux/namespaces/1/path" },
    { type: "ipc", path: "/proc/1/ns/ipc", pointer: "/linux/namespaces/2/path" },
  ]);
  expect(plan.cloneFlags).toBe(0x20000000);
  expect([has(plan, "ipc"), has(plan, "uts")]).toEqual([true, false]);
});

test("every type has a flag and a file of /proc/PID/ns", () => {
  expect(NAMESPACE_TYPES.map(namespaceFile).sort()).toEqual(
    ["cgroup", "ipc", "mnt", "net", "pid", "time", "user", "uts"].sort(),
  );
  expect(new Set(NAMESPACE_TYPES.map((type) => NAMESPACE_FLAG[type])).size).toBe(8);
});
