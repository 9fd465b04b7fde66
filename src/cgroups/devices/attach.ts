// The device filter in the kernel: loaded with bpf(2), attached to the cgroup, and exchanged for another one without a
// moment between them. A cgroup may have filters of others (systemd's): all of them are asked, and ours has a name.

import { address, decode } from "runt:host";
import { EACCES, EAGAIN, EPERM } from "../../abi/errno.ts";
import { getWord, longs } from "../../abi/structs.ts";
import { attempt, call, type Fd, failure } from "../../kernel/call.ts";
import { close, openDirectory, toBytes, using } from "../../kernel/file.ts";

const PROG_LOAD = 5;
const PROG_ATTACH = 8;
const PROG_DETACH = 9;
const PROG_GET_FD_BY_ID = 13;
const OBJ_GET_INFO_BY_FD = 15;
const PROG_QUERY = 16;

const PROG_TYPE_CGROUP_DEVICE = 15;
const CGROUP_DEVICE = 6;
const F_ALLOW_MULTI = 2;
const F_REPLACE = 4;

/** BPF_CGROUP_MAX_PROGS. */
const MOST_PROGRAMS = 64;
const NAME = "runt_devices";
/** Of `struct bpf_prog_info`, as far as its name. */
const INFO = { size: 80, id: 4, tag: 8, loadTime: 40, name: 64 } as const;
/** What is remembered of a program, before its instructions: id and tag, and when it was loaded. */
const MEMORY = 20;
/** Two words of 32 bits in one of 64. */
const HIGH = 0x1_0000_0000;

const CONTEXT = {
  what: "set the device filter",
  pointer: "/linux/resources/devices",
};

export interface FilterOptions {
  /** The runtime is not root on the host, which is asked only where the kernel refuses. */
  readonly isRootless: () => boolean;
  readonly pointer?: string;
  /** Where it is remembered which programs there are: containers with the same rules share one. */
  readonly memory?: FilterMemory;
}

/** Byte strings under names of our choice. What is lost is loaded again. */
export interface FilterMemory {
  readonly read: (name: string) => string | undefined;
  readonly write: (name: string, content: string) => void;
}

/**
 * Puts `filter` in place of the one that runt has set before, or takes that away where everything is allowed.
 *
 * Who is not root on the host may not load a filter. As in runc the container then has none: it cannot make
 * device nodes either, and sees those only that were bound into it.
 */
export function setDeviceFilter(
  cgroup: string,
  filter: Uint8Array | undefined,
  { isRootless, pointer = CONTEXT.pointer, memory }: FilterOptions,
): void {
  const program = filter && (memory ? shareFilter(filter, memory) : loadFilter(filter));
  if (typeof program === "number" && program < 0) {
    if ((program === -EPERM || program === -EACCES) && isRootless()) return;
    const hint = "it needs CAP_BPF and CAP_NET_ADMIN, or CAP_SYS_ADMIN, and a kernel with CONFIG_CGROUP_BPF";
    throw failure({ ...CONTEXT, pointer, hint }, -program);
  }
  using(openDirectory(cgroup), (directory) => exchange(directory, program as Fd | undefined, pointer));
  if (program !== undefined) close(program as Fd);
}

/**
 * Loading costs the kernel more than all the rest of a filter: it checks and translates it. A program is there as long as a
 * cgroup has it; that another one has its id by then is told by the time and the tag, a digest of the instructions.
 */
function shareFilter(filter: Uint8Array, memory: FilterMemory): number {
  const name = `devices-${filter.length}`;
  const instructions = decode(filter, 0, filter.length);
  const known = memory.read(name);
  if (known?.slice(MEMORY) === instructions) {
    const fd = bpf(PROG_GET_FD_BY_ID, longs(getWord(toBytes(known.slice(0, 4)), 0)));
    if (fd >= 0 && known.startsWith(identityOf(fd as Fd))) return fd;
    if (fd >= 0) close(fd as Fd);
  }
  const fd = loadFilter(filter);
  if (fd >= 0) memory.write(name, identityOf(fd as Fd) + instructions);
  return fd;
}

function identityOf(program: Fd): string {
  const info = readInfo(program);
  return decode(info, INFO.id, INFO.tag + 8) + decode(info, INFO.loadTime, INFO.loadTime + 8);
}

/** Its descriptor, or -errno. */
function loadFilter(instructions: Uint8Array): number {
  const license = toBytes("Apache-2.0\0");
  const count = instructions.length / 8;
  const attributes = longs(
    PROG_TYPE_CGROUP_DEVICE + count * HIGH,
    address(instructions),
    address(license),
    ...[0, 0, 0, 0, 0, 0],
  );
  attributes.set(toBytes(NAME), 48);
  for (;;) {
    const result = bpf(PROG_LOAD, attributes);
    // The verifier gives up for a signal, which has been delivered when the call returns.
    if (result !== -EAGAIN) return result;
  }
}

function exchange(directory: Fd, program: Fd | undefined, pointer: string): void {
  const context = { ...CONTEXT, pointer };
  const old = findOwn(directory);
  const withOld = (body: (old: Fd) => void) => (old === undefined ? undefined : using(old, body));
  if (program === undefined) {
    withOld((fd) => {
      call(
        { ...context, what: "remove the device filter" },
        "bpf",
        PROG_DETACH,
        attachment(directory, fd),
        16,
      );
    });
  } else if (old === undefined) {
    call(context, "bpf", PROG_ATTACH, attachment(directory, program, F_ALLOW_MULTI), 20);
  } else {
    withOld((fd) => {
      const flags = F_ALLOW_MULTI | F_REPLACE;
      call(context, "bpf", PROG_ATTACH, attachment(directory, program, flags, fd), 20);
    });
  }
}

/** The attributes of BPF_PROG_ATTACH and BPF_PROG_DETACH. */
function attachment(directory: Fd, program: Fd, flags = 0, replaced = 0): Uint8Array {
  return new Uint8Array(Uint32Array.of(directory, program, CGROUP_DEVICE, flags, replaced).buffer);
}

/** The program of ours that the cgroup itself has. */
function findOwn(directory: Fd): Fd | undefined {
  const ids = new Uint8Array(MOST_PROGRAMS * 4);
  const query = longs(directory + CGROUP_DEVICE * HIGH, 0, address(ids), MOST_PROGRAMS);
  call({ what: "list the device filters of the cgroup" }, "bpf", PROG_QUERY, query, query.length);
  for (let index = 0; index < getWord(query, 24); index += 1) {
    const fd = bpf(PROG_GET_FD_BY_ID, longs(getWord(ids, index * 4)));
    // It may have been detached meanwhile.
    if (fd < 0) continue;
    if (nameOf(fd as Fd) === NAME) return fd as Fd;
    close(fd as Fd);
  }
  return undefined;
}

function nameOf(program: Fd): string {
  const name = readInfo(program).subarray(INFO.name);
  return String.fromCharCode(...name.subarray(0, name.indexOf(0)));
}

function readInfo(program: Fd): Uint8Array {
  const info = new Uint8Array(INFO.size);
  const attributes = longs(program + info.length * HIGH, address(info));
  call({ what: "identify a device filter" }, "bpf", OBJ_GET_INFO_BY_FD, attributes, attributes.length);
  return info;
}

function bpf(command: number, attributes: Uint8Array): number {
  return attempt("bpf", command, attributes, attributes.length);
}
