// The config.json that container tests start from: what `runc spec` writes, without terminal and without limits.

import { readFileSync } from "node:fs";

const TEMPLATE = readFileSync(new URL("../fixtures/runc-spec.json", import.meta.url), "utf8");

/** The parts of config.json that tests change, all mutable. */
export interface Config {
  ociVersion: string;
  root: { path: string; readonly?: boolean };
  process: Process;
  hostname?: string;
  domainname?: string;
  mounts: Mount[];
  annotations?: Record<string, string>;
  hooks?: Hooks;
  linux: Linux;
}

export type HookKind = (typeof HOOK_KINDS)[number];

export const HOOK_KINDS = [
  "prestart",
  "createRuntime",
  "createContainer",
  "startContainer",
  "poststart",
  "poststop",
] as const;

export type Hooks = { [K in HookKind]?: Hook[] };

export interface Hook {
  path: string;
  args?: string[];
  env?: string[];
  timeout?: number;
}

export interface Process {
  terminal?: boolean;
  consoleSize?: { height: number; width: number };
  user: { uid: number; gid: number; umask?: number; additionalGids?: number[] };
  args: string[];
  env: string[];
  cwd: string;
  capabilities?: Partial<Record<CapabilitySet, string[]>>;
  rlimits?: { type: string; hard: number; soft: number }[];
  noNewPrivileges?: boolean;
  oomScoreAdj?: number;
  apparmorProfile?: string;
  scheduler?: { policy: string; nice?: number; priority?: number; flags?: string[] } & Record<
    string,
    unknown
  >;
  ioPriority?: { class: string; priority: number };
  selinuxLabel?: string;
}

export type CapabilitySet = "bounding" | "effective" | "inheritable" | "permitted" | "ambient";

export interface Mount {
  destination: string;
  type?: string;
  source?: string;
  options?: string[];
  uidMappings?: IdMapping[];
  gidMappings?: IdMapping[];
}

export interface IdMapping {
  containerID: number;
  hostID: number;
  size: number;
}

export interface Linux {
  namespaces: { type: string; path?: string }[];
  uidMappings?: IdMapping[];
  gidMappings?: IdMapping[];
  timeOffsets?: Record<string, { secs?: number; nanosecs?: number }>;
  devices?: Device[];
  cgroupsPath?: string;
  sysctl?: Record<string, string>;
  rootfsPropagation?: string;
  maskedPaths?: string[];
  readonlyPaths?: string[];
  resources?: object;
  mountLabel?: string;
  netDevices?: Record<string, { name?: string }>;
  intelRdt?: object;
  memoryPolicy?: { mode: string; nodes?: string; flags?: string[] };
  personality?: { domain: string; flags?: string[] };
  seccomp?: object;
}

export interface Device {
  type: string;
  path: string;
  major?: number;
  minor?: number;
  fileMode?: number;
  uid?: number;
  gid?: number;
}

export function runcSpec(): Config {
  const config = JSON.parse(TEMPLATE) as Config;
  config.process.terminal = false;
  config.process.args = ["true"];
  delete config.linux.resources;
  // runc adds it where only version 2 of cgroups is mounted.
  if (!config.linux.namespaces.some(({ type }) => type === "cgroup"))
    config.linux.namespaces.push({ type: "cgroup" });
  return config;
}

/** The arguments of a shell that runs this. */
export function sh(script: string): string[] {
  return ["/bin/sh", "-c", script];
}

/** Takes a namespace out of the config: the container stays in the host's. */
export function without(config: Config, ...types: string[]): void {
  config.linux.namespaces = config.linux.namespaces.filter(({ type }) => !types.includes(type));
}
