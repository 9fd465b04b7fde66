// `linux.devices`, the default devices, and the links of /dev. All of it relative to one descriptor of the
// container's /dev, which must be a directory and not a link (CVE-2026-41579, CVE-2026-47766).

import {
  AT_FDCWD,
  AT_SYMLINK_NOFOLLOW,
  O_NOFOLLOW,
  S_IFBLK,
  S_IFCHR,
  S_IFIFO,
  S_IFMT,
  S_IFREG,
} from "../abi/constants.ts";
import { EEXIST, ENOENT, EPERM } from "../abi/errno.ts";
import { deviceNumber, STAT } from "../abi/structs.ts";
import { STAT_BUFFER } from "../program/buffers.ts";
import { type Builder, branch, field, tolerate } from "../program/builder.ts";
import type { Register } from "../program/instruction.ts";
import type { LinuxDevice } from "../spec/types.ts";
import { attach, cloneTree } from "./mounts.ts";
import { type ContainerPath, components, containerPath } from "./path.ts";
import { openInRoot, openOrMakeDirectory } from "./resolve.ts";

/** config-linux.md, "Default Devices": path, major, minor. */
const DEFAULT_DEVICES: readonly (readonly [string, number, number])[] = [
  ["/dev/null", 1, 3],
  ["/dev/zero", 1, 5],
  ["/dev/full", 1, 7],
  ["/dev/random", 1, 8],
  ["/dev/urandom", 1, 9],
  ["/dev/tty", 5, 0],
];

/** runtime-linux.md, "Dev symbolic links", and /dev/core as every runtime has it. */
const LINKS: readonly (readonly [string, string])[] = [
  ["/proc/self/fd", "fd"],
  ["/proc/self/fd/0", "stdin"],
  ["/proc/self/fd/1", "stdout"],
  ["/proc/self/fd/2", "stderr"],
];

const TYPE_BITS = { c: S_IFCHR, u: S_IFCHR, b: S_IFBLK, p: S_IFIFO } as const;

interface Node {
  readonly path: ContainerPath;
  readonly mode: number;
  readonly device: number;
  readonly uid: number;
  readonly gid: number;
  readonly pointer: string;
}

export interface DeviceFacts {
  /** In a user namespace mknod is refused and the node of the host is bound instead. */
  readonly userNamespace: boolean;
  readonly kcoreExists: boolean;
}

export function compileDevices(
  b: Builder,
  root: Register,
  devices: readonly LinuxDevice[],
  facts: DeviceFacts,
): void {
  for (const node of nodes(devices)) {
    b.from(node.pointer);
    compileNode(b, root, node, facts);
  }
  b.from("");
  b.scratch("dev", (dev) => {
    openOrMakeDirectory(b, root, containerPath("/dev"), dev, true);
    compileLinks(b, dev, facts);
    b.call("close", [dev]);
  });
}

/** An entry of config.json with the path of a default device replaces it. */
function nodes(devices: readonly LinuxDevice[]): readonly Node[] {
  const configured = devices.map((device, index) => ({
    path: containerPath(device.path),
    mode: TYPE_BITS[device.type] | ((device.fileMode ?? 0o666) & 0o7777),
    device: deviceNumber(Number(device.major ?? 0), Number(device.minor ?? 0)),
    uid: device.uid ?? 0,
    gid: device.gid ?? 0,
    pointer: `/linux/devices/${index}`,
  }));
  const taken = new Set<string>(configured.map(({ path }) => path));
  const defaults = DEFAULT_DEVICES.filter(([path]) => !taken.has(path)).map(([path, major, minor]) => ({
    path: containerPath(path),
    mode: S_IFCHR | 0o666,
    device: deviceNumber(major, minor),
    uid: 0,
    gid: 0,
    pointer: "",
  }));
  return [...defaults, ...configured];
}

function compileNode(b: Builder, root: Register, node: Node, facts: DeviceFacts): void {
  const parts = components(node.path);
  const name = parts[parts.length - 1] ?? "";
  const parent = containerPath(parts.slice(0, -1).join("/"));
  b.scratch("directory", (directory) => {
    const exists = b.label();
    const refused = b.label();
    const done = b.label();
    openOrMakeDirectory(b, root, parent, directory, parent === "/dev");
    if (!facts.userNamespace) {
      b.call("mknodat", [directory, name, node.mode, node.device], {
        on: [branch(EEXIST, exists), branch(EPERM, refused)],
      });
      if (node.uid !== 0 || node.gid !== 0) {
        b.call("fchownat", [directory, name, node.uid, node.gid, AT_SYMLINK_NOFOLLOW]);
      }
      b.jump(done);
      b.place(exists);
      compileCheck(b, directory, name, node);
      b.jump(done);
    }
    b.place(refused);
    if (facts.userNamespace) b.place(exists);
    bindNode(b, root, directory, name, node);
    b.place(done);
    b.call("close", [directory]);
  });
}

/** config-linux.md: "If a file already exists at path that does not match the requested device the runtime MUST
 * generate an error." Nothing is opened but the directory entry itself: a fifo or a tape would react. */
function compileCheck(b: Builder, directory: Register, name: string, node: Node): void {
  const matches = b.label();
  const mismatch = b.label();
  const type = node.mode & S_IFMT;
  b.call("newfstatat", [directory, name, STAT_BUFFER, AT_SYMLINK_NOFOLLOW]);
  b.scratch("found", (found) => {
    b.peek(found, field(STAT_BUFFER, STAT.mode), 4, S_IFMT);
    b.jumpIf(found, "!=", type, mismatch);
    if (type !== S_IFIFO) {
      b.peek(found, field(STAT_BUFFER, STAT.rdev), 8);
      b.jumpIf(found, "!=", node.device, mismatch);
    }
  });
  b.jump(matches);
  b.place(mismatch);
  b.fail(EEXIST, `${node.path} exists and is not the requested device`);
  b.place(matches);
}

function bindNode(b: Builder, root: Register, directory: Register, name: string, node: Node): void {
  b.scratch("node", (tree) => {
    cloneTree(b, AT_FDCWD, node.path, 0, tree);
    b.call("mknodat", [directory, name, S_IFREG | 0o666, 0], { on: tolerate(EEXIST) });
    b.scratch("target", (target) => {
      openInRoot(b, root, node.path, target, { flags: O_NOFOLLOW });
      attach(b, tree, target);
    });
  });
}

function compileLinks(b: Builder, dev: Register, facts: DeviceFacts): void {
  for (const [target, name] of LINKS) b.call("symlinkat", [target, dev, name], { on: tolerate(EEXIST) });
  if (facts.kcoreExists) b.call("symlinkat", ["/proc/kcore", dev, "core"], { on: tolerate(EEXIST) });
  b.call("unlinkat", [dev, "ptmx", 0], { on: tolerate(ENOENT) });
  b.call("symlinkat", ["pts/ptmx", dev, "ptmx"]);
}
