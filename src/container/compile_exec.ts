// From a Process to the program that puts it into a container that exists: `exec`.
//
// What is in a container must be thought of as hostile, and a process that comes in from the host is what it waits for
// (CVE-2016-9962, CVE-2019-5736). So the stage comes in by all namespaces but that of the pids, which only children
// enter; there it loses all that the container's process shall not have, finds its executable, and clones a child as the
// last thing it does. Nobody in the container sees a process that could do more than he can.

import {
  AT_FDCWD,
  CLONE_NEWNS,
  CLONE_NEWUSER,
  CLONE_PARENT,
  O_CLOEXEC,
  O_DIRECTORY,
  O_PATH,
  PR_SET_DUMPABLE,
} from "../abi/constants.ts";
import { NAMESPACE_FLAG } from "../namespaces/plan.ts";
import { compileAffinity } from "../process/affinity.ts";
import { compileEnterDirectory } from "../process/directory.ts";
import { compileExecve, compileLookup } from "../process/execute.ts";
import { compileKeyring } from "../process/keyring.ts";
import { hasLabels, PROC } from "../process/labels.ts";
import { compileOpenPair, compileTakeTerminal } from "../process/terminal.ts";
import { type Builder, inherited, type Parts, programBuilder } from "../program/builder.ts";
import type { Program, Register } from "../program/instruction.ts";
import { KNOWN_PARTS } from "../program/parts.ts";
import { compileChroot } from "../rootfs/root.ts";
import type { LinuxNamespace, Process, Spec } from "../spec/types.ts";
import {
  compileAskHome,
  compileAwaitAnswer,
  compileFilter,
  compileIsolation,
  compilePrivileges,
  environmentOf,
  homeBuffer,
  type PrivilegeFacts,
  reserveForSeccomp,
} from "./compile.ts";
import { compileSendAbout, compileSendDescriptor } from "./send.ts";

/** Name of the inherited descriptor of the container's first process. */
export const INIT = "init";

export interface ExecFacts extends PrivilegeFacts {
  /** Of the container. */
  readonly id: string;
  /** Flags of the namespaces that config.json lists: CLONE_NEW. */
  readonly namespaces: number;
  /** On the host, for a container without a mount namespace. */
  readonly rootfs: string;
  /** A process of the container may have CAP_SYS_PTRACE. */
  readonly mayTrace: boolean;
  readonly ignoredSignals: readonly number[];
}

export interface ExecOptions {
  /** The container has a session keyring of its own. */
  readonly newKeyring: boolean;
  /** Number of descriptors from 3 on that the process keeps. */
  readonly preserveFds: number;
}

export function namespaceFlags(namespaces: readonly LinuxNamespace[] = []): number {
  return namespaces.reduce((flags, { type }) => flags | NAMESPACE_FLAG[type], 0);
}

export function compileExec(
  spec: Spec,
  process: Process,
  facts: ExecFacts,
  options: ExecOptions,
  parts: Parts = KNOWN_PARTS,
): Program {
  const b = programBuilder(parts);
  const report = b.register("channel");
  const root = b.register("root");
  const home = homeBuffer(process);
  compileIsolation(b, report, facts, options);
  compileAffinity(b, process.execCPUAffinity?.final);
  compileEntry(b, root, facts);
  if (options.newKeyring) compileKeyring(b, facts.id, process.selinuxLabel);
  compileAskHome(b, { report, home }, root);
  compileEnterDirectory(b, root, process.cwd);
  const slave = process.terminal ? openTerminal(b, report, root, process) : undefined;
  b.call("close", [root]);
  compilePrivileges(b, spec, process, facts);
  if (hasLabels(process)) b.call("close", [inherited(PROC)]);
  const { env, environment } = environmentOf(process, home);
  b.scratch("path", (path) => {
    compileLookup(b, process.args, env, path);
    const early = filterComesFirst(process, facts);
    if (early) compileFilter(b, process, facts, report);
    compileChild(b, report);
    b.call("setsid", []);
    if (slave) compileTakeTerminal(b, slave);
    b.from("");
    compileAwaitAnswer(b, report, home);
    if (!early) compileFilter(b, process, facts, report);
    // Until the agent has the listener, which execve closes.
    if (facts.seccomp?.notifies) {
      b.from("");
      compileAwaitAnswer(b, report, undefined);
    }
    compileExecve(b, path, process.args, environment);
  });
  return b.program();
}

/**
 * Without no_new_privs the filter costs a capability that the container may not have: who is allowed to trace would take
 * it from the child. So its profile has to allow clone(2), and what the child does.
 */
function filterComesFirst(process: Process, facts: ExecFacts): boolean {
  return facts.mayTrace && !facts.seccomp?.notifies && reserveForSeccomp(process, facts) !== 0n;
}

/** All namespaces at once, as the kernel knows the order; `root` = what is `/` there, whatever the first process sees. */
function compileEntry(b: Builder, root: Register, { namespaces, rootfs }: ExecFacts): void {
  const ownMounts = (namespaces & CLONE_NEWNS) !== 0;
  if (!ownMounts) {
    b.from("/root/path");
    b.call("openat", [AT_FDCWD, rootfs, O_PATH | O_DIRECTORY | O_CLOEXEC], { into: root });
  }
  b.from("/linux/namespaces");
  if (namespaces !== 0) b.call("setns", [inherited(INIT), namespaces]);
  b.call("close", [inherited(INIT)]);
  if (namespaces & CLONE_NEWUSER) {
    b.call("setresgid", [0, 0, 0]);
    b.call("setresuid", [0, 0, 0]);
  }
  if (ownMounts) b.call("openat", [AT_FDCWD, "/", O_PATH | O_DIRECTORY | O_CLOEXEC], { into: root });
  else compileChroot(b, root);
}

/** Leaves the slave in a register for the rest of the program. */
function openTerminal(b: Builder, report: Register, root: Register, process: Process): Register {
  const slave = b.register("slave");
  b.scratch("master", (master) => {
    compileOpenPair(b, root, process, master, slave);
    compileSendDescriptor(b, report, "console", master);
    b.call("close", [master]);
  });
  return slave;
}

/** What follows is run by a child of the runtime's, in the container's pid namespace; the stage reports it and ends. */
function compileChild(b: Builder, report: Register): void {
  const child = b.label();
  b.from("");
  // The change of the user has made it what fs.suid_dumpable says.
  b.call("prctl", [PR_SET_DUMPABLE]);
  b.scratch("pid", (pid) => {
    // Not clone3, whose arguments a filter of system calls cannot see: those of the engines refuse it.
    b.call("clone", [CLONE_PARENT], { into: pid });
    b.jumpIf(pid, "==", 0, child);
    compileSendAbout(b, report, "process", pid);
  });
  b.exit(0);
  b.place(child);
}
