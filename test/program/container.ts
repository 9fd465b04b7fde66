// Compiles a config as `create` would on a host of which everything that matters is written here.

import { type CompileOptions, type ContainerFacts, compileContainer } from "../../src/container/compile.ts";
import { has, planNamespaces } from "../../src/namespaces/plan.ts";
import { planCapabilities } from "../../src/process/capabilities.ts";
import type { Program } from "../../src/program/instruction.ts";
import { parseSpec } from "../../src/spec/parse.ts";

/** What a test says of a config.json: the rest is `MINIMAL`. */
export type Config = Readonly<Record<string, unknown>>;

export const MINIMAL = {
  ociVersion: "1.3.0",
  root: { path: "rootfs" },
  process: { user: { uid: 0, gid: 0 }, cwd: "/", args: ["/bin/true"], env: ["HOME=/root", "PATH=/bin"] },
  linux: { namespaces: [{ type: "pid" }, { type: "mount" }] },
} as const;

/** Capabilities 0 to 40, as root has them. */
export const ALL_CAPABILITIES = (1n << 41n) - 1n;

const OPTIONS: CompileOptions = { barrier: false, noPivot: false, newKeyring: false, preserveFds: 0 };

export interface Host {
  readonly facts?: Partial<ContainerFacts>;
  readonly options?: Partial<CompileOptions>;
}

export function compile(config: Config, { facts, options }: Host = {}): Program {
  const { spec } = parseSpec(JSON.stringify({ ...MINIMAL, ...config }));
  if (spec.process === undefined) throw new Error("a container without a process has no program");
  const namespaces = planNamespaces(spec.linux?.namespaces ?? []);
  return compileContainer(
    spec,
    spec.process,
    {
      id: "c1",
      namespaces,
      joinedByStage: [],
      root: { path: "/bundle/rootfs", inherited: false },
      mounts: { sources: new Map(), cgroup: "/sys/fs/cgroup", cgroupNamespace: has(namespaces, "cgroup") },
      devices: { mayMknod: true, kcoreExists: true },
      user: { setgroupsDenied: false, foreignStdio: [] },
      capabilities: planCapabilities(spec.process.capabilities, ALL_CAPABILITIES),
      bounding: 0n,
      ignoredSignals: [],
      nullStdio: [],
      ...facts,
    },
    { ...OPTIONS, ...options },
  );
}
