// From linux.seccomp to the program that the kernel runs: libseccomp makes it, the stub goes before it.

import { MFD_CLOEXEC } from "../abi/constants.ts";
import { EEXIST, EINVAL, errnoName, errnoText } from "../abi/errno.ts";
import { getLong, longs, STAT } from "../abi/structs.ts";
import { RuntError } from "../error.ts";
import { call, type Fd, failure } from "../kernel/call.ts";
import { stat, using } from "../kernel/file.ts";
import { quote } from "../quote.ts";
import type { LinuxSeccomp, LinuxSeccompArg } from "../spec/types.ts";
import * as libseccomp from "./libseccomp.ts";
import { OPERATOR } from "./numbers.ts";
import { type FilterPlan, planFilter, type Rule } from "./plan.ts";
import { compileStub, type Newest } from "./stub.ts";

/** Of runc too: libseccomp 2.5 makes wrong binary trees of no rules, and needs none for few. */
const MANY_RULES = 32;
/** BPF_MAXINSNS */
const MOST_INSTRUCTIONS = 4096;

/** @throws RuntError with the pointer of what libseccomp or the kernel does not know */
export function generateFilter(seccomp: LinuxSeccomp): Uint8Array {
  const plan = planFilter(seccomp);
  const stub = plan.stub ? compileStub(newestOf(seccomp, plan)) : new Uint8Array();
  const filter = libseccomp.init(plan.defaultAction);
  if (filter === 0)
    throw refused("make a filter", EINVAL, "/linux/seccomp/defaultAction", seccomp.defaultAction);
  try {
    addAll(filter, plan, seccomp);
    return withStub(stub, exported(filter));
  } finally {
    libseccomp.release(filter);
  }
}

/** @throws RuntError */
export function requireFlags(flags: number): void {
  if (libseccomp.kernelKnows(flags)) return;
  throw new RuntError({
    pointer: "/linux/seccomp/flags",
    what: "this kernel does not know all of these flags of seccomp(2)",
    hint: "SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV needs Linux 5.19",
  });
}

function addAll(filter: libseccomp.Filter, plan: FilterPlan, { architectures = [] }: LinuxSeccomp): void {
  plan.architectures.forEach((token, index) => {
    const result = libseccomp.addArchitecture(filter, token);
    // The native one is there already.
    if (result === 0 || result === -EEXIST) return;
    throw refused(
      "add the architecture",
      -result,
      `/linux/seccomp/architectures/${index}`,
      architectures[index],
    );
  });
  if (plan.rules.length > MANY_RULES) libseccomp.setAttribute(filter, libseccomp.CTL_OPTIMIZE, 2);
  const native = libseccomp.nativeArchitecture();
  for (const rule of plan.rules) {
    const number = libseccomp.resolveName(native, rule.name);
    // Profiles name what is newer than this libseccomp, or belongs to other architectures.
    if (number === undefined) continue;
    const result = libseccomp.addRule(filter, rule.action, number, encodeConditions(rule));
    if (result !== 0) throw refused("add the rule for", -result, rule.pointer, rule.name);
  }
}

/** `struct scmp_arg_cmp`s. */
function encodeConditions({ conditions }: Rule): Uint8Array {
  const word = ({ index, op }: LinuxSeccompArg) => index + OPERATOR[op] * 0x1_0000_0000;
  return longs(...conditions.flatMap((arg) => [word(arg), arg.value, arg.valueTwo ?? 0]));
}

function newestOf({ syscalls = [] }: LinuxSeccomp, { architectures }: FilterPlan): Newest {
  const newest = new Map<number, number>();
  const names = new Set(syscalls.flatMap((entry) => entry.names));
  for (const token of new Set([libseccomp.nativeArchitecture(), ...architectures])) {
    for (const name of names) {
      const number = libseccomp.resolveName(token, name) ?? -1;
      if (number >= 0 && number > (newest.get(token) ?? -1)) newest.set(token, number);
    }
  }
  return newest;
}

function exported(filter: libseccomp.Filter): Uint8Array {
  return using(call("create a memory file", "memfd_create", "seccomp", MFD_CLOEXEC) as Fd, (memory) => {
    const result = libseccomp.exportBpf(filter, memory);
    if (result !== 0) throw failure({ what: "export the filter", pointer: "/linux/seccomp" }, -result);
    const program = new Uint8Array(getLong(stat(memory, "the filter"), STAT.length));
    call("read the filter", "pread64", memory, program, program.length, 0);
    return program;
  });
}

function withStub(stub: Uint8Array, program: Uint8Array): Uint8Array {
  const count = (stub.length + program.length) / 8;
  if (count > MOST_INSTRUCTIONS) {
    throw new RuntError({
      pointer: "/linux/seccomp",
      what: `the filter has ${count} instructions, and the kernel takes ${MOST_INSTRUCTIONS}`,
      hint: "name fewer system calls or architectures, or fewer conditions",
    });
  }
  const whole = new Uint8Array(stub.length + program.length);
  whole.set(stub);
  whole.set(program, stub.length);
  return whole;
}

function refused(doing: string, errno: number, pointer: string, subject: string | undefined): RuntError {
  const name = errnoName(errno);
  return new RuntError({
    pointer,
    what: `${doing} ${quote(subject ?? "")}`,
    errno: name,
    why: errnoText(name),
    hint: `this is libseccomp ${libseccomp.libraryVersion()}, which may not know it, or the kernel may not`,
  });
}
