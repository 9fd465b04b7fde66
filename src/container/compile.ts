// From a Spec to the program that becomes the container's process: everything that runs between clone and execve is
// in the listing that this page produces. Where the order of two steps matters, it says why.

import {
  AT_EMPTY_PATH,
  CLOSE_RANGE_CLOEXEC,
  O_NONBLOCK,
  O_PATH,
  PR_SET_DUMPABLE,
  PR_SET_NO_NEW_PRIVS,
  S_IFMT,
  S_IFREG,
} from "../abi/constants.ts";
import { STAT } from "../abi/structs.ts";
import { compileNamespaces } from "../namespaces/compile.ts";
import { has, type Join, type NamespacePlan } from "../namespaces/plan.ts";
import {
  type CapabilityPlan,
  type CapabilitySet,
  compileBounding,
  compileCapabilities,
  compileCapset,
  lackedForSeccomp,
} from "../process/capabilities.ts";
import { compileEnterDirectory, compileMakeDirectory } from "../process/directory.ts";
import { environmentValue, HOME_SIZE, withoutDuplicates } from "../process/environment.ts";
import { compileExecve, compileLookup } from "../process/execute.ts";
import { compileKeyring } from "../process/keyring.ts";
import { compileLabels } from "../process/labels.ts";
import { compileMemoryPolicy, compilePersonality } from "../process/memory_policy.ts";
import { compileRlimits } from "../process/rlimits.ts";
import { compileIoPriority, compileScheduler } from "../process/scheduler.ts";
import { compileSeccomp, type SeccompFilter } from "../process/seccomp.ts";
import { compileSignals } from "../process/signals.ts";
import { compileNullStdio } from "../process/stdio.ts";
import { compileSysctl } from "../process/sysctl.ts";
import { compileOpenTerminal, compileTakeTerminal } from "../process/terminal.ts";
import { compileUser, type UserFacts } from "../process/user.ts";
import { STAT_BUFFER } from "../program/buffers.ts";
import {
  type Builder,
  branch,
  data,
  field,
  inherited,
  type PartInputs,
  type Parts,
  pointerArray,
  programBuilder,
  text,
} from "../program/builder.ts";
import type { Data, Program, Register } from "../program/instruction.ts";
import { KNOWN_PARTS } from "../program/parts.ts";
import { compileDevices, type DeviceFacts } from "../rootfs/devices.ts";
import { compileMounts, type MountFacts } from "../rootfs/mounts.ts";
import { containerPath } from "../rootfs/path.ts";
import {
  compileLateReadonly,
  compileMaskedPaths,
  compileReadonlyPaths,
  compileReadonlyRoot,
} from "../rootfs/protect.ts";
import {
  compileAttach,
  compileChroot,
  compileNoPivot,
  compilePivot,
  compileRoot,
  compileRootOnHost,
  compileRootPropagation,
  type RootFacts,
} from "../rootfs/root.ts";
import { how } from "../rootfs/structures.ts";
import type { CopyTree } from "../rootfs/tmpcopyup.ts";
import { isBind } from "../spec/mounts.ts";
import type { Process, Spec } from "../spec/types.ts";
import {
  CHANNEL,
  compileAwaitGo,
  compileAwaitStart,
  compileCopy,
  compileSend,
  compileSendDescriptor,
  compileSendNumber,
} from "./send.ts";

/** What was found on the host, and decided with it, before anything was changed. */
export interface ContainerFacts {
  readonly id: string;
  readonly namespaces: NamespacePlan;
  /** Namespaces that belong to the container's user namespace; the others were joined before it. */
  readonly joinedByStage: readonly Join[];
  readonly root: RootFacts;
  readonly mounts: MountFacts;
  readonly devices: DeviceFacts;
  readonly user: UserFacts;
  readonly capabilities: CapabilityPlan;
  /** The bounding set that the stage starts with. */
  readonly bounding: CapabilitySet;
  readonly ignoredSignals: readonly number[];
  /** Descriptors 0 to 2 that are the host's null device. */
  readonly nullStdio: readonly number[];
  readonly seccomp?: SeccompFilter;
  readonly hooks?: HookSteps | undefined;
}

/** What hooks add to a program. The code is loaded for containers that have some. */
export interface HookSteps {
  readonly atCreate: (b: Builder, channel: Register) => void;
  /** @param environment the container's, for hooks that say nothing of theirs */
  readonly atStart: (b: Builder, channel: Register, environment: Data) => void;
}

export interface CompileOptions {
  /** Wait for `start` before execve. */
  readonly barrier: boolean;
  readonly noPivot: boolean;
  readonly newKeyring: boolean;
  /** Number of descriptors from 3 on that the container's process keeps. */
  readonly preserveFds: number;
}

/** The default of every runtime, which the spec leaves to the caller. */
const UMASK = 0o022;

export function compileContainer(
  spec: Spec,
  process: Process,
  facts: ContainerFacts,
  options: CompileOptions,
  parts: Parts = KNOWN_PARTS,
): Program {
  const b = programBuilder(parts);
  const report = b.register("channel");
  const root = b.register("root");
  compileBeginning(b, process, report, facts, options);
  const late = compileFilesystem(b, spec, facts, root, report);
  if (facts.hooks !== undefined) compileCreateHooks(b, facts, facts.hooks, report, root);
  // Not before: the part of a filesystem is the same with and without.
  const withTerminal = process.terminal === true ? terminalRegisters(b) : undefined;
  compileMakeDirectory(b, root, process.cwd);
  if (withTerminal) compileOpenTerminal(b, root, process, withTerminal.master, withTerminal.slave);
  else compileNullStdio(b, root, facts.nullStdio);
  compileNewRoot(b, spec, facts, options, root);
  compileLateReadonly(b, root, late);
  if (spec.root.readonly) compileReadonlyRoot(b, root);
  const talk: Talk = { report, home: homeBuffer(process), isShort: isShort(spec, process, facts, options) };
  if (talk.isShort) compileTalk(b, talk, root);
  compileKernelSettings(b, spec, facts, root);
  if (!talk.isShort) compileAskHome(b, talk, root);
  compileEnterDirectory(b, root, process.cwd);
  if (withTerminal) {
    b.from("/process/terminal");
    compileSendDescriptor(b, report, "console", withTerminal.master);
    b.call("close", [withTerminal.master]);
    compileTakeTerminal(b, withTerminal.slave);
  }
  compilePrivileges(b, spec, process, facts);
  compileEnd(b, process, facts, talk, options);
  return b.program();
}

/** What the stage and its parent have to say to each other. */
interface Talk {
  readonly report: Register;
  /** Where the answer goes that has the variable HOME. */
  readonly home: Data | undefined;
  /** It is over before the last steps, which run while the parent answers. */
  readonly isShort: boolean;
}

/** A parent that waits for a barrier wants to hear that all is done; a masked passwd file is to be seen as such. */
function isShort(
  { linux }: Spec,
  { terminal }: Process,
  { seccomp }: ContainerFacts,
  { barrier }: CompileOptions,
): boolean {
  return (
    !barrier && !terminal && !seccomp?.notifies && !linux?.maskedPaths?.some((path) => path.includes("etc"))
  );
}

function compileTalk(b: Builder, talk: Talk, root: Register): void {
  compileAskHome(b, talk, root);
  b.from("");
  compileSend(b, talk.report, "ready");
}

function terminalRegisters(b: Builder) {
  return { master: b.register("master"), slave: b.register("slave") };
}

/** What every stage does first. */
export function compileIsolation(
  b: Builder,
  report: Register,
  { ignoredSignals }: Pick<ContainerFacts, "ignoredSignals">,
  { preserveFds }: Pick<CompileOptions, "preserveFds">,
): void {
  b.set(report, inherited(CHANNEL));
  // Whatever the stage inherited, or opens with a call that forgets O_CLOEXEC, ends with the stage.
  b.call("close_range", [3 + preserveFds, -1, CLOSE_RANGE_CLOEXEC]);
  // Processes that are in its namespaces already must not trace the stage or open its descriptors.
  b.call("prctl", [PR_SET_DUMPABLE]);
  compileSignals(b, ignoredSignals);
  // What is set for its process group must not be that of the caller.
  b.call("setsid", []);
}

function compileBeginning(
  b: Builder,
  process: Process,
  report: Register,
  facts: ContainerFacts,
  options: CompileOptions,
): void {
  compileIsolation(b, report, facts, options);
  // Modes are as config.json and the defaults say, until the container's own umask is set.
  b.call("umask", [0]);
  compileNamespaces(b, facts.namespaces, facts.joinedByStage);
  if (options.newKeyring) compileKeyring(b, facts.id, process.selinuxLabel);
}

/** Mounts in the order of config.json, then devices, which appear in what is mounted. */
function compileFilesystem(b: Builder, spec: Spec, facts: ContainerFacts, root: Register, report: Register) {
  const mounts = spec.mounts ?? [];
  if (has(facts.namespaces, "mount")) {
    compileRoot(b, spec.linux?.rootfsPropagation, facts.root, root);
  } else {
    compileRootOnHost(b, facts.root.path, mounts.length > 0, root);
  }
  const copy: CopyTree = (from, to, mount) => compileCopy(b, report, from, to, mount);
  const late = compileMounts(b, root, mounts, facts.mounts, spec.linux?.mountLabel, copy);
  // A /dev that is bound from the host has its devices, and they are the host's.
  const hostDev = mounts.some((mount) => isBind(mount) && containerPath(mount.destination) === "/dev");
  if (!hostDev) compileDevices(b, root, spec.linux?.devices ?? [], facts.devices);
  return late;
}

/** When all is mounted, which they see and add to, and before the root is the container's. */
function compileCreateHooks(
  b: Builder,
  facts: ContainerFacts,
  hooks: HookSteps,
  report: Register,
  root: Register,
): void {
  hooks.atCreate(b, report);
  if (facts.root.hostMount !== undefined && has(facts.namespaces, "mount")) compileAttach(b, root);
}

function compileNewRoot(
  b: Builder,
  spec: Spec,
  facts: ContainerFacts,
  options: CompileOptions,
  root: Register,
): void {
  if (!has(facts.namespaces, "mount")) compileChroot(b, root);
  else if (options.noPivot) compileNoPivot(b, root);
  else compilePivot(b, root);
  if (has(facts.namespaces, "mount")) compileRootPropagation(b, spec.linux?.rootfsPropagation);
}

/** Sysctls before the paths that may make /proc/sys read-only, which may be below masked ones. */
function compileKernelSettings(
  b: Builder,
  spec: Spec,
  { mounts }: Pick<ContainerFacts, "mounts">,
  root: Register,
): void {
  const { hostname, domainname, linux } = spec;
  if (hostname !== undefined) {
    b.from("/hostname");
    b.call("sethostname", [hostname, hostname.length]);
  }
  if (domainname !== undefined) {
    b.from("/domainname");
    b.call("setdomainname", [domainname, domainname.length]);
  }
  compileSysctl(b, linux?.sysctl ?? {}, mounts.standIns.includes("proc"));
  compileReadonlyPaths(b, root, linux?.readonlyPaths ?? []);
  compileMaskedPaths(b, root, linux?.maskedPaths ?? [], linux?.mountLabel);
}

/** Where config.json has no HOME: the parent reads the container's passwd file, and answers with the variable. */
export function homeBuffer({ env = [] }: Process): Data | undefined {
  return environmentValue(env, "HOME") === undefined ? data(new Uint8Array(HOME_SIZE), "HOME") : undefined;
}

export function compileAskHome(
  b: Builder,
  { report, home }: Pick<Talk, "report" | "home">,
  root: Register,
): void {
  if (home === undefined) return;
  b.from("/process/env");
  b.part("passwd", { subject: null, detail: "", registers: [report, root] }, compileSendPasswd);
}

function compileSendPasswd(b: Builder, { registers }: PartInputs): void {
  const [report, root] = registers as [Register, Register];
  const none = b.label();
  b.scratch("passwd", (passwd) => {
    const missing = [branch("any", none)];
    // What is not a regular file is not opened: a device of the image would react.
    b.call("openat2", [root, "etc/passwd", how(O_PATH, false), 24], { into: passwd, on: missing });
    b.call("newfstatat", [passwd, "", STAT_BUFFER, AT_EMPTY_PATH]);
    b.call("close", [passwd]);
    b.peek(passwd, field(STAT_BUFFER, STAT.mode), 4, S_IFMT);
    b.jumpIf(passwd, "!=", S_IFREG, none);
    b.call("openat2", [root, "etc/passwd", how(O_NONBLOCK, false), 24], { into: passwd, on: missing });
    compileSendDescriptor(b, report, "passwd", passwd);
    b.call("close", [passwd]);
  });
  b.place(none);
}

export type PrivilegeFacts = Pick<ContainerFacts, "user" | "capabilities" | "bounding" | "seccomp">;

/** From here on the process loses, step by step, what the steps before needed. */
export function compilePrivileges(
  b: Builder,
  { linux = {} }: Spec,
  process: Process,
  facts: PrivilegeFacts,
): void {
  compileLabels(b, process);
  compileScheduler(b, process.scheduler);
  compileIoPriority(b, process.ioPriority);
  compileMemoryPolicy(b, linux.memoryPolicy);
  compilePersonality(b, linux.personality);
  // Late, since they may be so low that nothing could be opened any more, and while they may still be raised.
  compileRlimits(b, process.rlimits ?? []);
  b.from("/process/user/umask");
  b.call("umask", [process.user.umask ?? UMASK]);
  compileBounding(b, facts.capabilities, facts.bounding);
  compileUser(b, process.user, facts.user);
  compileCapabilities(b, facts.capabilities, reserveForSeccomp(process, facts));
  if (process.noNewPrivileges) {
    b.from("/process/noNewPrivileges");
    b.call("prctl", [PR_SET_NO_NEW_PRIVS, 1]);
  }
}

/** Kept until the filter is loaded, which is after everything that the profile would have to allow. */
export function reserveForSeccomp({ noNewPrivileges }: Process, facts: PrivilegeFacts): CapabilitySet {
  return facts.seccomp && !noNewPrivileges ? lackedForSeccomp(facts.capabilities) : 0n;
}

/** Between it and execve the profile has to allow capset(2) at most, as for runc. */
export function compileFilter(b: Builder, process: Process, facts: PrivilegeFacts, report: Register): void {
  const { seccomp, capabilities } = facts;
  if (seccomp === undefined) return;
  const reserve = reserveForSeccomp(process, facts);
  if (reserve !== 0n) compileCapset(b, capabilities, reserve, reserve);
  if (seccomp.notifies) {
    b.scratch("listener", (listener) => {
      compileSeccomp(b, seccomp, listener);
      // Not closed, which the profile would have to allow: it is close-on-exec.
      compileSendNumber(b, report, "seccomp", listener);
    });
  } else {
    compileSeccomp(b, seccomp);
  }
  if (reserve !== 0n) compileCapset(b, capabilities, 0n, 0n);
}

/** The variables that config.json gives, and as execve(2) takes them: HOME is what the parent answers. */
export function environmentOf({ env: given = [] }: Process, home: Data | undefined) {
  const env = withoutDuplicates(given);
  return { env, environment: pointerArray([...env.map(text), ...(home === undefined ? [] : [home])]) };
}

/** Waits for GO: the variable HOME, or nothing. */
export function compileAwaitAnswer(b: Builder, report: Register, home: Data | undefined): void {
  compileAwaitGo(b, report, home ?? data(new Uint8Array(8), "byte"), home === undefined ? 1 : HOME_SIZE);
}

function compileEnd(
  b: Builder,
  process: Process,
  facts: ContainerFacts,
  { report, home, isShort }: Talk,
  options: CompileOptions,
): void {
  const { env, environment } = environmentOf(process, home);
  b.scratch("path", (path) => {
    compileLookup(b, process.args, env, path);
    // An agent is told before the parent is: it may have to answer for what follows.
    if (facts.seccomp?.notifies) compileFilter(b, process, facts, report);
    b.from("");
    if (!isShort) compileSend(b, report, "ready");
    compileAwaitAnswer(b, report, home);
    if (options.barrier) compileAwaitStart(b, report);
    if (!facts.seccomp?.notifies) compileFilter(b, process, facts, report);
    // Confined like the container's process, whose image they may come from.
    facts.hooks?.atStart(b, report, environment);
    compileExecve(b, path, process.args, environment);
  });
}
