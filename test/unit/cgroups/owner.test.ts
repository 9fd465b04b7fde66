import { expect, test } from "vitest";
import { cgroupOwner } from "../../../src/cgroups/owner.ts";
import { planNamespaces } from "../../../src/namespaces/plan.ts";
import type { LinuxNamespace, Process, Spec } from "../../../src/spec/types.ts";

const WRITABLE = {
  source: "cgroup",
  destination: "/sys/fs/cgroup/",
  type: "cgroup",
  options: ["nosuid", "rw"],
};
const CGROUP = { type: "cgroup" } as const;
const USER = { type: "user" } as const;
const MAPPINGS = [
  { containerID: 0, hostID: 100000, size: 1000 },
  { containerID: 1000, hostID: 5, size: 1 },
];

interface Given {
  readonly namespaces?: readonly LinuxNamespace[];
  readonly mount?: Partial<typeof WRITABLE>;
  readonly uid?: number;
}

function owner({ namespaces = [CGROUP, USER], mount = {}, uid = 0 }: Given): number | undefined {
  const spec = { mounts: [{ ...WRITABLE, ...mount }], linux: { namespaces, uidMappings: MAPPINGS } };
  return cgroupOwner(
    spec as unknown as Spec,
    { user: { uid } } as unknown as Process,
    planNamespaces(namespaces),
  );
}

test.each<readonly [Given, number | undefined]>([
  [{}, 100000],
  [{ uid: 999 }, 100999],
  [{ uid: 1000 }, 5],
  [{ uid: 1001 }, undefined],
  [{ namespaces: [CGROUP], uid: 1001 }, 1001],
  [{ namespaces: [USER] }, undefined],
  [{ namespaces: [USER, { type: "cgroup", path: "/proc/1/ns/cgroup" }] }, undefined],
  [{ namespaces: [CGROUP, { type: "user", path: "/proc/1/ns/user" }] }, undefined],
  [{ mount: { options: ["nosuid", "ro"] } }, undefined],
  [{ mount: { source: "cgroup2" } }, undefined],
  [{ mount: { destination: "/cgroup" } }, undefined],
])("%o: %s", (given, expected) => expect(owner(given)).toBe(expected));
