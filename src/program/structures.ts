// Structures of the kernel's interface by their fields, for the listing. What a call only writes to, and what is not
// known here, is shown by its name.

import { quote } from "../quote.ts";
import type { Data } from "./instruction.ts";
import {
  capabilities,
  controlMessage,
  interfaceFlags,
  mountAttributes,
  mountFlags,
  type NumberFormat,
  octal,
  openFlags,
  resolveFlags,
  schedulerFlags,
  schedulerPolicy,
  signal,
  signalAction,
  socketLevel,
} from "./names.ts";

interface Structure {
  readonly view: DataView;
  /** What the pointer at this offset points to. */
  readonly target: (offset: number) => string;
}

const INFINITY = 0xffffffffffffffffn;
const CAPABILITY_VERSION_3 = 0x20080522;

/** By the type that the compiler gives the data. The layouts are those of x86_64. */
const FORMATS: ReadonlyMap<string, (structure: Structure) => string> = new Map([
  // openat2(2)
  [
    "open_how",
    ({ view }) => {
      const mode = long(view, 8) === 0 ? [] : [octal(long(view, 8))];
      return `{${[openFlags(long(view, 0)), ...mode, resolveFlags(long(view, 16))].join(", ")}}`;
    },
  ],
  // mount_setattr(2)
  [
    "mount_attr",
    ({ view }) =>
      record([
        ["set", nonZero(long(view, 0), mountAttributes)],
        ["clear", nonZero(long(view, 8), mountAttributes)],
        ["propagation", nonZero(long(view, 16), mountFlags)],
        ["userns_fd", nonZero(long(view, 24), String)],
      ]),
  ],
  // prlimit(2)
  ["rlimit", ({ view }) => record([0, 8].map((at) => [at === 0 ? "soft" : "hard", limit(view, at)]))],
  // sched_setattr(2)
  [
    "sched_attr",
    ({ view }) =>
      record([
        ["policy", schedulerPolicy(word(view, 4))],
        ["flags", nonZero(long(view, 8), schedulerFlags)],
        ["nice", nonZero(view.getInt32(16, true), String)],
        ["priority", nonZero(word(view, 20), String)],
        ...["runtime", "deadline", "period"].map(
          (name, index) => [name, nonZero(long(view, 24 + 8 * index), String)] as const,
        ),
      ]),
  ],
  // set_mempolicy(2)
  ["nodemask", ({ view }) => list(words(view).map((bits) => `0x${bits.toString(16)}`))],
  // capset(2)
  [
    "cap_header",
    ({ view }) => {
      const version = word(view, 0);
      const name = version === CAPABILITY_VERSION_3 ? "_LINUX_CAPABILITY_VERSION_3" : String(version);
      return record([
        ["version", name],
        ["pid", String(word(view, 4))],
      ]);
    },
  ],
  [
    "cap_data",
    ({ view }) =>
      record(
        ["effective", "permitted", "inheritable"].map((name, index) => [
          name,
          capabilities(word(view, index * 4), word(view, 12 + index * 4)),
        ]),
      ),
  ],
  // rt_sigaction(2), of the kernel and not of the C library
  ["sigaction", ({ view }) => `{${signalAction(long(view, 0))}}`],
  [
    "sigset",
    ({ view }) => {
      const set = view.getBigUint64(0, true);
      const numbers = Array.from({ length: 64 }, (_, index) => index + 1);
      return list(numbers.filter((number) => (set >> BigInt(number - 1)) & 1n).map(signal));
    },
  ],
  // netdevice(7)
  ["ifreq", ({ view }) => `{${quote(cString(view, 0, 16))}, ${interfaceFlags(view.getUint16(16, true))}}`],
  // tty_ioctl(2)
  [
    "winsize",
    ({ view }) =>
      record([
        ["rows", String(view.getUint16(0, true))],
        ["columns", String(view.getUint16(2, true))],
      ]),
  ],
  // ppoll(2)
  ["timespec", ({ view }) => `{${long(view, 0)} s}`],
  ["int", ({ view }) => list([word(view, 0)])],
  ["gids", ({ view }) => list(words(view))],
  // sendmsg(2)
  [
    "msghdr",
    ({ target }) =>
      record([
        ["iov", `[${target(16)}]`],
        ["control", target(32)],
      ]),
  ],
  // seccomp(2)
  ["sock_fprog", ({ view }) => `{/* ${view.getUint16(0, true)} instructions */}`],
  ["iovec", ({ target }) => target(0)],
  ["message", ({ view }) => list(words(view))],
  ["cmsg", ({ view }) => `{${socketLevel(word(view, 8))}, ${controlMessage(word(view, 12))}}`],
] as const satisfies readonly (readonly [string, (structure: Structure) => string])[]);

export function formatStructure({ content, type, pointers }: Data): string {
  if (typeof content === "string") return quote(content);
  if (type === "strings") return list(pointers.map(({ to }) => formatStructure(to)));
  const format = FORMATS.get(type);
  if (format === undefined) return type;
  return format({
    view: new DataView(content.buffer, content.byteOffset, content.length),
    target(offset) {
      const to = pointers.find(({ at }) => at === offset)?.to;
      return to === undefined ? "null" : formatStructure(to);
    },
  });
}

const word = (view: DataView, at: number) => view.getUint32(at, true);

/** A field of 64 bits that holds flags or a small number. */
const long = (view: DataView, at: number) => Number(view.getBigUint64(at, true));

function words(view: DataView): readonly number[] {
  return Array.from({ length: view.byteLength / 4 }, (_, index) => word(view, index * 4));
}

function limit(view: DataView, at: number): string {
  const value = view.getBigUint64(at, true);
  return value === INFINITY ? "RLIM_INFINITY" : String(value);
}

function cString(view: DataView, at: number, size: number): string {
  const codes = Array.from({ length: size }, (_, index) => view.getUint8(at + index));
  return String.fromCharCode(...codes).split("\0")[0] ?? "";
}

const nonZero = (value: number, format: NumberFormat) => (value === 0 ? "" : format(value));

const list = (items: readonly (string | number)[]) => `[${items.join(", ")}]`;

/** `{name: text}`, without the fields whose text is empty. */
function record(fields: readonly (readonly [name: string, text: string])[]): string {
  return `{${fields.flatMap(([name, text]) => (text === "" ? [] : `${name}: ${text}`)).join(", ")}}`;
}
