// What must be true of every program that the compiler makes, whatever config.json says: who holds which descriptor,
// and what comes before what. Each rule is run over all containers of bundles.ts.

import { describe, expect, test } from "vitest";
import { AT_FDCWD, F_DUPFD_CLOEXEC, O_CLOEXEC } from "../../src/abi/constants.ts";
import { getWord } from "../../src/abi/structs.ts";
import type { Call, Data, Instruction, Operand, Program } from "../../src/program/instruction.ts";
import { formatInstruction } from "../../src/program/listing.ts";
import { ALL, PROCESSES } from "./bundles.ts";
import { opensDescriptor, pidfdOf, walk } from "./flow.ts";

/** Returns what is wrong. */
type Rule = (program: Program) => readonly string[];

const line = (instruction: Instruction, index: number) => `${index} ${formatInstruction(instruction)}`;

function calls({ instructions }: Program): readonly (readonly [Call, number])[] {
  return instructions.flatMap((instruction, index) =>
    instruction.op === "call" ? [[instruction, index] as const] : [],
  );
}

/** The lines of the calls for which `isWrong`. */
function wrongCalls(program: Program, isWrong: (call: Call, index: number) => boolean): readonly string[] {
  return calls(program)
    .filter(([call, index]) => isWrong(call, index))
    .map(([call, index]) => line(call, index));
}

function lastCall(program: Program, ...names: readonly string[]): number {
  return calls(program).findLast(([{ name }]) => names.includes(name))?.[1] ?? -1;
}

function firstCall(program: Program, ...names: readonly string[]): number {
  const index = calls(program).find(([{ name }]) => names.includes(name))?.[1];
  return index ?? program.instructions.length;
}

const isRegister = (operand: Operand | undefined, name: string) =>
  typeof operand === "object" && operand?.kind === "register" && operand.name === name;

const openHow = (operand: Operand | undefined) => {
  const content = (operand as Data).content as Uint8Array;
  return { flags: getWord(content, 0), resolve: getWord(content, 16) };
};

/** Descriptors that stay open until execve closes them. */
const KEPT = ["channel", "root"];
/** The same in the child that executes a hook: its standard streams have other numbers by then. */
const KEPT_BY_HOOKS = [...KEPT, "stdin", "stdout", "stderr", "pidfd"];

const isOfHook = ({ pointer }: Instruction) => pointer.startsWith("/hooks/");

const descriptorsAreClosed: Rule = (program) => {
  const wrong: string[] = [];
  const names = new Map<number, string>();
  walk(program, ({ index, instruction, open }) => {
    if ("into" in instruction && instruction.into) names.set(instruction.into.index, instruction.into.name);
    if (instruction.op !== "call") return;
    const { into, name } = instruction;
    const pidfd = pidfdOf(instruction);
    if (pidfd) names.set(pidfd.index, pidfd.name);
    if (into && opensDescriptor(instruction) && open.has(into.index)) {
      wrong.push(`${line(instruction, index)}: ${into.name} is open already`);
    }
    if (name !== "execve") return;
    const left = [...open]
      .map((register) => names.get(register) ?? "")
      .filter((left) => !(isOfHook(instruction) ? KEPT_BY_HOOKS : KEPT).includes(left));
    if (left.length > 0) wrong.push(`${line(instruction, index)}: ${left} left open`);
  });
  return wrong;
};

const descriptorsAreOpenWhenUsed: Rule = (program) => {
  const wrong: string[] = [];
  const holders = new Set<string>();
  for (const [call] of calls(program)) if (opensDescriptor(call)) holders.add(call.into?.name ?? "");
  walk(program, ({ index, instruction, open }) => {
    if (instruction.op !== "call") return;
    for (const operand of instruction.args) {
      if (typeof operand !== "object" || operand?.kind !== "register" || !holders.has(operand.name)) continue;
      if (!open.has(operand.index)) wrong.push(`${line(instruction, index)}: ${operand.name} is not open`);
    }
  });
  return wrong;
};

const everythingIsReachable: Rule = (program) => {
  const reached = new Set<number>();
  walk(program, ({ index }) => reached.add(index));
  return program.instructions.flatMap((instruction, index) =>
    reached.has(index) ? [] : line(instruction, index),
  );
};

/** close_range closes what forgets it; that is the second line, not the first. */
const descriptorsAreCloseOnExec: Rule = (program) =>
  wrongCalls(program, (call) => {
    const { name, args } = call;
    if (!opensDescriptor(call)) return false;
    const number = (n: number) => Number(args[n]);
    switch (name) {
      case "openat":
      case "open_tree":
      case "ioctl":
        return !(number(2) & O_CLOEXEC);
      case "openat2":
        return !(openHow(args[2]).flags & O_CLOEXEC);
      case "socket":
        return !(number(1) & O_CLOEXEC);
      case "accept4":
        return !(number(3) & O_CLOEXEC);
      case "fcntl":
        return number(1) !== F_DUPFD_CLOEXEC;
      default:
        return number(1) !== 1;
    }
  });

const RESOLVE_NO_MAGICLINKS = 2;
const RESOLVE_IN_ROOT = 0x10;

const rootIsNotLeft: Rule = (program) =>
  wrongCalls(program, ({ name, args }) => {
    if (!isRegister(args[0], "root") || typeof args[1] !== "string" || args[1] === "") return false;
    // Only openat2 may be given more than a name below the root.
    if (name !== "openat2") return args[1].includes("/") || args[1] === "..";
    const { resolve } = openHow(args[2]);
    const wanted = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS;
    return (resolve & wanted) !== wanted || args[1].split("/").includes("..") || args[1].startsWith("/");
  });

/** Behind the new root an absolute path is the container's. */
const hostPathsComeFirst: Rule = (program) => {
  const changed = firstCall(program, "pivot_root", "chroot");
  return wrongCalls(program, ({ name, args }, index) => {
    return index > changed && ["open_tree", "openat"].includes(name) && args[0] === AT_FDCWD;
  });
};

const namesHaveNoSlashes: Rule = (program) =>
  wrongCalls(program, ({ name, args }) => {
    if (!["mkdirat", "mknodat", "fchownat", "unlinkat"].includes(name)) return false;
    return args[0] === AT_FDCWD || String(args[1]).includes("/");
  });

/** What only root of the container's namespaces may do. */
const PRIVILEGED = [
  "mount",
  "mount_setattr",
  "move_mount",
  "open_tree",
  "fsopen",
  "fsconfig",
  "fsmount",
  "umount2",
  "pivot_root",
  "chroot",
  "setns",
  "unshare",
  "mknodat",
  "mkdirat",
  "fchownat",
  "sethostname",
  "setdomainname",
  "prlimit64",
];

const privilegesAreDroppedLast: Rule = (program) => {
  const dropped = program.instructions.findIndex(({ pointer }) => pointer === "/process/user/umask");
  return wrongCalls(program, ({ name }, index) => index > dropped && PRIVILEGED.includes(name));
};

const STEPS: readonly string[] = ["setgroups", "setresgid", "setresuid", "capset", "seccomp", "execve"];

const privilegesAreDroppedInOrder: Rule = (program) => {
  const found = calls(program)
    .filter(([call]) => !isOfHook(call))
    // Root of the user namespace, who loses all the rest.
    .filter(([{ pointer }]) => pointer !== "/linux/namespaces")
    .map(([{ name }]): string => name)
    .filter((name) => STEPS.includes(name));
  // Without no_new_privs the filter needs a capability, which is raised before it and dropped behind it.
  const reserve = found.filter((name) => name === "capset").length > 1;
  const expected = STEPS.filter(
    (name) => !["setgroups", "seccomp"].includes(name) || found.includes(name),
  ).flatMap((name) => (reserve && name === "seccomp" ? ["capset", name, "capset"] : [name]));
  return String(found) === String(expected) ? [] : [found.join(", ")];
};

/** A directory that was opened before would be the way around what covers it. */
const workingDirectoryIsWhatTheContainerSees: Rule = (program) => {
  const entered = lastCall(program, "fchdir");
  const [directory] = calls(program).find(([, index]) => index === entered)?.[0].args ?? [];
  const opened = calls(program).findLast(
    ([{ into, name }, index]) =>
      index < entered && name === "openat2" && isRegister(directory, into?.name ?? ""),
  );
  const covered = lastCall(program, "move_mount", "mount", "pivot_root", "chroot");
  if (opened === undefined) return ["the last directory to be entered was not opened"];
  return opened[1] < covered ? [line(...opened)] : [];
};

/** What is before must find what is mounted at its path, and what is after needs what the container may. */
const hooksAreBetweenTheirSteps: Rule = (program) => {
  const mounted = lastCall(program, "symlinkat", "mknodat");
  const changed = firstCall(program, "pivot_root", "chroot");
  const dropped = lastCall(program, "capset");
  const executed = lastCall(program, "execve");
  return wrongCalls(program, ({ pointer }, index) => {
    if (pointer.startsWith("/hooks/startContainer")) return index < dropped || index > executed;
    return pointer.startsWith("/hooks") && (index < mounted || index > changed);
  });
};

const hostIsNotPropagatedTo: Rule = (program) => {
  const first = firstCall(program, "move_mount", "mount");
  const propagation = calls(program).find(
    ([call, index]) => index < first && call.name === "mount_setattr" && call.args[1] === "/",
  );
  const changesRoot = calls(program).some(([{ name }]) => name === "pivot_root" || name === "umount2");
  return changesRoot && propagation === undefined ? ["mounts before the propagation of / was changed"] : [];
};

const beginsUnobserved: Rule = (program) => {
  const names = calls(program).map(([{ name }]) => name);
  return names[0] === "close_range" && names[1] === "prctl" ? [] : [`begins with ${names.slice(0, 2)}`];
};

/** The lower half of the effective set that capset(2) sets. */
const effective = ({ args }: Call) => getWord((args[1] as Data).content as Uint8Array, 0);

const onlyTheFilterHasMore: Rule = (program) => {
  const sets = calls(program).filter(([{ name }]) => name === "capset");
  const [first, last] = [sets[0], sets.at(-1)];
  if (first && last && effective(first[0]) === effective(last[0])) return [];
  return sets.map(([call, index]) => line(call, index));
};

const FOLLOWS_FILTER = ["capset", "execve"];

/** runc users write profiles for their programs: what a filter without notifications has to allow of ours. */
const filterAllowsLittle: Rule = (program) => {
  const filter = lastCall(program, "seccomp");
  const notifies = calls(program).some(([{ name }]) => name === "write");
  if (filter === -1 || notifies) return [];
  return wrongCalls(program, ({ name }, index) => index > filter && !FOLLOWS_FILTER.includes(name));
};

const RULES: Readonly<Record<string, Rule>> = {
  "begins with what protects it from its neighbours": beginsUnobserved,
  "every descriptor is close-on-exec": descriptorsAreCloseOnExec,
  "no descriptor is overwritten or left open": descriptorsAreClosed,
  "no descriptor is used before it is open or after it is closed": descriptorsAreOpenWhenUsed,
  "every instruction can be reached": everythingIsReachable,
  "paths below the root are resolved in the root, by openat2": rootIsNotLeft,
  "paths of the host are opened before the root changes": hostPathsComeFirst,
  "what is made or changed is a name in an open directory": namesHaveNoSlashes,
  "propagation is cut before the first mount": hostIsNotPropagatedTo,
  "hooks run at their moment": hooksAreBetweenTheirSteps,
  "the working directory is opened when nothing can cover it any more":
    workingDirectoryIsWhatTheContainerSees,
  "nothing needs a privilege that is gone": privilegesAreDroppedLast,
  "groups, group, user, capabilities, in this order and once": privilegesAreDroppedInOrder,
  "more capabilities than the process will have are raised for the filter alone": onlyTheFilterHasMore,
  "behind the filter nothing is called but capset and execve": filterAllowsLittle,
};

/** Who may trace would take the capability that the filter costs: its profile has to allow more (compile_exec.ts). */
const EXCEPTION = ["behind the filter nothing is called but capset and execve", "exec-seccomp-traced"];

describe.each(Object.entries(RULES))("%s", (name, rule) => {
  test.each(Object.entries(ALL))("%s", (bundle, compileBundle) => {
    const expected =
      String([name, bundle]) === String(EXCEPTION) ? expect.arrayContaining([expect.any(String)]) : [];
    expect(rule(compileBundle())).toEqual(expected);
  });
});

/** All that a process does that others in its container can see. */
const SEEN = [
  "seccomp",
  "capset",
  "write",
  "prctl",
  "clone",
  "sendto",
  "setsid",
  "ioctl",
  "dup3",
  "close",
  "recvfrom",
  "execve",
];

describe("exec: nobody in the container sees a process that has more to lose", () => {
  test.each(Object.entries(PROCESSES))("%s", (_, compileProcess) => {
    const program = compileProcess();
    const names: readonly string[] = calls(program).map(([{ name }]) => name);
    const cloned = names.indexOf("clone");
    expect(names.lastIndexOf("clone")).toBe(cloned);
    expect(names[cloned - 1]).toBe("prctl");
    expect(names.slice(cloned).filter((name) => !SEEN.includes(name))).toEqual([]);
    for (const name of ["setresuid", "setgroups", "newfstatat"]) {
      expect(names.lastIndexOf(name)).toBeLessThan(cloned);
    }
    walk(program, ({ instruction, open }) => {
      if (instruction.op === "call" && instruction.name === "clone")
        expect(open.size).toBeLessThanOrEqual(names.includes("dup3") ? 2 : 1);
    });
  });
});
