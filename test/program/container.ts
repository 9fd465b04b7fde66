// Compiles a config as `create` would on a host of which everything that matters is written here.

import { type CompileOptions, type ContainerFacts, compileContainer } from "../../src/container/compile.ts";
import {
  compileExec,
  type ExecFacts,
  type ExecOptions,
  namespaceFlags,
} from "../../src/container/compile_exec.ts";
import { hookSteps } from "../../src/container/compile_hooks.ts";
import { has, planNamespaces } from "../../src/namespaces/plan.ts";
import { planCapabilities } from "../../src/process/capabilities.ts";
import type { Program } from "../../src/program/instruction.ts";
import { parseSpec } from "../../src/spec/parse.ts";
import { recordFields } from "../record.ts";

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

/** A process in a container of this config. */
export function compileProcess(
  config: Config,
  facts: Partial<ExecFacts> = {},
  options: Partial<ExecOptions> = {},
): Program {
  const { spec } = parse(config);
  const { process, linux } = spec;
  if (process === undefined) throw new Error("there is no process");
  return compileExec(
    spec,
    process,
    {
      id: "c1",
      namespaces: namespaceFlags(linux?.namespaces),
      rootfs: "/bundle/rootfs",
      mayTrace: false,
      user: { setgroupsDenied: false, foreignStdio: [] },
      capabilities: planCapabilities(process.capabilities, ALL_CAPABILITIES),
      bounding: 0n,
      ignoredSignals: [],
      ...facts,
    },
    { newKeyring: false, preserveFds: 0, ...options },
  );
}

function parse(config: Config) {
  const whole = { ...MINIMAL, ...config };
  recordFields(whole, MINIMAL);
  return parseSpec(JSON.stringify(whole));
}

export function compile(config: Config, { facts, options }: Host = {}): Program {
  const { spec } = parse(config);
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
      mounts: {
        sources: new Map(),
        cgroup: "/sys/fs/cgroup",
        cgroupNamespace: has(namespaces, "cgroup"),
        standIns: [],
      },
      devices: { mayMknod: true, kcoreExists: true },
      user: { setgroupsDenied: false, foreignStdio: [] },
      capabilities: planCapabilities(spec.process.capabilities, ALL_CAPABILITIES),
      bounding: 0n,
      ignoredSignals: [],
      nullStdio: [],
      hooks: spec.hooks && hookSteps(spec.hooks, "/bundle"),
      ...facts,
    },
    { ...OPTIONS, ...options },
  );
}
