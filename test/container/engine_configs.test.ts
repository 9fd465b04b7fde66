// The config.json files that engines have written give the same container as with runc: what a program sees of it, its
// cgroup, its state and its end. What is different, and is meant to be, is in KNOWN. The files are written by
// `npm run test:engines -- --configs`; what only their machine had is replaced here.

import { execFileSync } from "node:child_process";
import * as fs from "node:fs";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { bundle, type Container, differs, runtime, writeConfig } from "./bed.ts";
import { CONTROLLERS } from "./cgroup.ts";
import type { Config, Mount } from "./config.ts";
import { comparable, instead, LOOK_AROUND, seenWith } from "./inside_view.ts";
import { cgroupRoot } from "./leftovers.ts";
import { hasCapability } from "./privileges.ts";

const FIXTURES = fileURLToPath(new URL("../fixtures/engines", import.meta.url));
const NAMES = fs.readdirSync(FIXTURES).map((name) => basename(name, ".json"));

interface Known {
  readonly fixture: RegExp;
  /** Of what is seen. */
  readonly section: string;
  readonly why: string;
  /** Takes the difference out of what either of them shows. */
  readonly without: (text: string) => string;
}

const KNOWN: readonly Known[] = [
  {
    fixture: /./,
    section: "state",
    why: "runc 1.1.5 looks up who owns a container for `list` only",
    without: (text) => text.replace(/"owner": ".*"/, '"owner": ""'),
  },
  {
    fixture: /userns|rootless|keep-id/,
    section: "mountinfo",
    why: "in a user namespace default devices are bound, by runc in another order each time",
    without: (text) => text.split("\n").sort().join("\n"),
  },
  {
    fixture: /userns|keep-id/,
    section: "dev",
    why: "the kernel gives the message queues to who makes the namespace, which is done here before ids are mapped",
    without: (text) => text.replaceAll(/^(\/dev\/mqueue \S+) \d+:/gm, "$1 0:"),
  },
  {
    fixture: /-host$|privileged|sandbox/,
    section: "mountinfo",
    why: "a container in the host's cgroup namespace gets the host's mount here, and a new one with the name `cgroup` there",
    without: (text) => text.replaceAll("cgroup2 cgroup2", "cgroup2 cgroup"),
  },
  {
    fixture: /^(containerd|kubernetes)-/,
    section: "cgroup's files",
    why: "runc of that time makes the weight 39 of 1024 shares, the default of both; now it is 100, as here",
    without: (text) => text.replace(/^cpu\.weight .*$/m, "cpu.weight"),
  },
];

/** Fields of config.json that a replay changes, beside those of Config. */
interface EngineConfig extends Config {
  linux: Config["linux"] & { cgroupsPath?: string; resources?: Record<string, unknown> };
}

/** What engines bind to single files: the host has none of their sources. */
const FILES =
  /^\/(etc\/(hostname|hosts|resolv\.conf|passwd|group)|run\/\.containerenv|sbin\/docker-init|run\/podman-init|dev\/termination-log)$/;
const LIMITED_BY: Readonly<Record<string, string>> = {
  memory: "memory",
  cpu: "cpu",
  pids: "pids",
  blockIO: "io",
  hugepageLimits: "hugetlb",
  rdma: "rdma",
  unified: "memory",
};

/** The bundle of an engine, on this machine. */
function replayed(name: string): Container {
  const text = fs.readFileSync(join(FIXTURES, `${name}.json`), "utf8");
  // Larger numbers than those of JavaScript: only limits of processes, which no host has.
  const config = JSON.parse(text.replaceAll(/\b\d{17,}\b/g, "9007199254740991")) as EngineConfig;
  const container = bundle();
  config.root.path = "rootfs";
  const { process, linux } = config;
  process.args = ["sh", "-c", LOOK_AROUND];
  process.terminal = false;
  // The profile is the engine's, and is loaded where it runs.
  delete process.apparmorProfile;
  const sets = Object.entries(process.capabilities ?? {});
  process.capabilities = Object.fromEntries(sets.map(([set, names]) => [set, names.filter(hasCapability)]));
  process.rlimits = process.rlimits?.filter(({ type, hard }) => hard <= hardLimit(type)) ?? [];
  const lowest = Number(fs.readFileSync("/proc/self/oom_score_adj", "utf8"));
  if ((process.oomScoreAdj ?? 0) < lowest) delete process.oomScoreAdj;
  // Hooks of an engine call back into it.
  delete config.hooks;
  // Namespaces that an engine has made: here they are new ones.
  for (const namespace of linux.namespaces) delete namespace.path;
  linux.cgroupsPath = `/${container.id}`;
  for (const [limits, controller] of Object.entries(LIMITED_BY)) {
    if (!CONTROLLERS.includes(controller)) delete linux.resources?.[limits];
  }
  const devices = (linux as { devices?: { path: string }[] }).devices;
  if (devices !== undefined) {
    Object.assign(linux, { devices: devices.filter(({ path }) => fs.existsSync(path)) });
  }
  const isOfHost = ({ source = "" }: Mount) => /^\/(proc|sys|dev)(\/|$)/.test(source);
  config.mounts = config.mounts.filter((mount) => !isOfHost(mount) || fs.existsSync(mount.source ?? ""));
  config.mounts.forEach((mount, index) => {
    const bind = mount.options?.some((option) => option === "bind" || option === "rbind");
    if (!bind || isOfHost(mount)) return;
    // As the engine's disk was mounted: in a user namespace that cannot be changed.
    Object.assign(mount, { options: mount.options?.filter((option) => option !== "noatime") });
    mount.source = join(container.dir, `source-${index}`);
    if (FILES.test(mount.destination)) fs.writeFileSync(mount.source, "");
    else fs.mkdirSync(mount.source);
  });
  // Engines give the root filesystem to the container's root, who makes mount points there.
  const root = linux.uidMappings?.find(({ containerID }) => containerID === 0)?.hostID;
  if (root !== undefined) execFileSync("chown", ["-hR", String(root), container.rootfs]);
  writeConfig(container, config);
  return container;
}

function hardLimit(type: string): number {
  const resource = `--${type.replace("RLIMIT_", "").toLowerCase()}`;
  const text = execFileSync("prlimit", [resource, "--output=HARD", "--noheadings", "--raw"], {
    encoding: "utf8",
  });
  return text.trim() === "unlimited" ? Number.POSITIVE_INFINITY : Number(text);
}

const SETTINGS =
  /^(cgroup\.(type|freeze|max\.\w+|subtree_control)|cpu\.(max|max\.burst|weight|idle)|cpuset\.(cpus|mems)|memory\.(max|high|low|min|swap\.max|oom\.group)|pids\.max|io\.(max|weight)|hugetlb\..*max)$/;

/** A created container from outside: its state without what is of this one alone, and the settings of its cgroup. */
function outside(binary: string, container: Container): Readonly<Record<string, string>> {
  const call = (...args: string[]) => {
    const { code, stdout, stderr } = container.callWith(instead(binary), ...args);
    if (code !== 0) throw new Error(`${binary} ${args.join(" ")}: ${stderr}`);
    return stdout;
  };
  call("create", container.id);
  const { pid, created, ociVersion, ...state } = JSON.parse(call("state", container.id));
  expect(created).toMatch(/^20\d\d-/);
  expect(ociVersion).toMatch(/^1\./);
  const path = fs.readFileSync(`/proc/${pid}/cgroup`, "utf8").match(/^0::(.*)$/m)?.[1] ?? "";
  const directory = join(cgroupRoot(), path);
  const files = fs
    .readdirSync(directory)
    .filter((name) => SETTINGS.test(name))
    .sort();
  const settings = files.map((name) => `${name} ${fs.readFileSync(join(directory, name), "utf8")}`).join("");
  const status = fs
    .readFileSync(`/proc/${pid}/status`, "utf8")
    .match(/^(Uid|Gid|Groups|Seccomp|NoNewPrivs):.*$/gm);
  call("delete", "--force", container.id);
  return {
    state: JSON.stringify(state, null, 1),
    "cgroup's path": path,
    "cgroup's files": settings,
    "status from outside": (status ?? []).filter((line) => !line.startsWith("Seccomp")).join("\n"),
  };
}

/** In a bundle of its own, since the first container makes mount points in it. */
function everything(binary: string, name: string): Readonly<Record<string, string>> {
  const container = replayed(name);
  const { code, stderr, sections } = seenWith(binary, container);
  const mountinfo = comparable(sections.mountinfo).join("\n");
  const seen = { code: String(code), stderr, ...sections, mountinfo, ...outside(binary, container) };
  const own = (text: string) => text.replaceAll(container.dir, "BUNDLE").replaceAll(container.id, "ID");
  return Object.fromEntries(Object.entries(seen).map(([section, text]) => [section, own(text)]));
}

test.each(NAMES)("%s", differs({ crun: "adds mounts of its own, and mounts in another way" }), (name) => {
  const [theirs, ours] = [everything("runc", name), everything(runtime, name)];
  expect(theirs.code).toBe("42");
  expect(Object.keys(ours)).toEqual(Object.keys(theirs));
  for (const section of Object.keys(theirs)) {
    const known = KNOWN.filter((one) => one.section === section && one.fixture.test(name));
    const taken = (text = "") => known.reduce((rest, { without }) => without(rest), text);
    expect(taken(ours[section]), section).toBe(taken(theirs[section]));
  }
});
