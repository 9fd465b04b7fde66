// `linux.devices`, the default devices, and the links of /dev. All of it relative to one descriptor of the
// container's /dev, which must be a directory and not a link (CVE-2026-41579, CVE-2026-47766).

import {
  AT_EMPTY_PATH,
  AT_FDCWD,
  AT_SYMLINK_NOFOLLOW,
  O_NOFOLLOW,
  O_PATH,
  S_IFBLK,
  S_IFCHR,
  S_IFIFO,
  S_IFMT,
  S_IFREG,
} from "../abi/constants.ts";
import { EEXIST, ENODEV, ENOENT } from "../abi/errno.ts";
import { deviceNumber, STAT } from "../abi/structs.ts";
import { STAT_BUFFER } from "../program/buffers.ts";
import { type Builder, branch, field, type PartInputs, tolerate } from "../program/builder.ts";
import type { Label, Register } from "../program/instruction.ts";
import type { LinuxDevice } from "../spec/types.ts";
import { type ContainerPath, components, containerPath } from "./path.ts";
import { openOrMakeDirectory } from "./resolve.ts";
import { how } from "./structures.ts";
import { attach, cloneTree } from "./tree.ts";

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

const DEV = containerPath("/dev");

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
  /** The runtime may make device nodes for the container; otherwise the nodes of the host are bound. */
  readonly mayMknod: boolean;
  readonly kcoreExists: boolean;
}

export function compileDevices(
  b: Builder,
  root: Register,
  devices: readonly LinuxDevice[],
  facts: DeviceFacts,
): void {
  b.from("");
  if (devices.length > 0) compileNodes(b, root, nodesByParent(devices), facts);
  else {
    const detail = `${facts.mayMknod ? MKNOD : ""}${facts.kcoreExists ? KCORE : ""}`;
    b.part("devices", { subject: null, detail, registers: [root] }, compileDefaults);
  }
}

const MKNOD = "mknod";
const KCORE = "kcore";

function compileDefaults(b: Builder, { detail, registers }: PartInputs): void {
  const [root] = registers as [Register];
  const facts = { mayMknod: detail.startsWith(MKNOD), kcoreExists: detail.endsWith(KCORE) };
  compileNodes(b, root, nodesByParent([]), facts);
}

function compileNodes(
  b: Builder,
  root: Register,
  groups: ReadonlyMap<ContainerPath, readonly Node[]>,
  facts: DeviceFacts,
): void {
  for (const [parent, nodes] of groups) {
    b.from(nodes[0]?.pointer ?? "");
    b.scratch("directory", (directory) => {
      openOrMakeDirectory(b, root, parent, directory, parent === "/dev");
      for (const node of nodes) {
        b.from(node.pointer);
        // Anybody may make a fifo.
        if (facts.mayMknod || (node.mode & S_IFMT) === S_IFIFO) makeNode(b, directory, node);
        else bindNode(b, directory, node);
      }
      b.from("");
      if (parent === "/dev") compileLinks(b, directory, facts);
      b.call("close", [directory]);
    });
  }
}

/**
 * The default devices first, so that /dev is. An entry of config.json with the path of a default device replaces it.
 */
function nodesByParent(devices: readonly LinuxDevice[]): ReadonlyMap<ContainerPath, readonly Node[]> {
  const groups = new Map<ContainerPath, Node[]>([[DEV, []]]);
  for (const node of allNodes(devices)) {
    const parent = containerPath(components(node.path).slice(0, -1).join("/"));
    groups.set(parent, [...(groups.get(parent) ?? []), node]);
  }
  return groups;
}

/** Where a container has device nodes: the default ones, and its own. */
export function devicePaths(devices: readonly LinuxDevice[]): readonly ContainerPath[] {
  return allNodes(devices).map(({ path }) => path);
}

function allNodes(devices: readonly LinuxDevice[]): readonly Node[] {
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

function nameOf({ path }: Node): string {
  return path.slice(path.lastIndexOf("/") + 1);
}

function makeNode(b: Builder, directory: Register, node: Node): void {
  const exists = b.label();
  const done = b.label();
  b.call("mknodat", [directory, nameOf(node), node.mode, node.device], { on: [branch(EEXIST, exists)] });
  if (node.uid !== 0 || node.gid !== 0) {
    b.call("fchownat", [directory, nameOf(node), node.uid, node.gid, AT_SYMLINK_NOFOLLOW]);
  }
  b.jump(done);
  b.place(exists);
  // config-linux.md: "If a file already exists at path that does not match the requested device the runtime MUST
  // generate an error." Nothing is opened but the directory entry itself: a fifo or a tape would react.
  b.call("newfstatat", [directory, nameOf(node), STAT_BUFFER, AT_SYMLINK_NOFOLLOW]);
  compileCompare(b, node, done);
  b.fail(EEXIST, `${node.path} exists and is not the requested device`);
  b.place(done);
}

/** Jumps to `matches` if the last stat found the device, and goes on if it found something else. */
function compileCompare(b: Builder, node: Node, matches: Label): void {
  const mismatch = b.label();
  const type = node.mode & S_IFMT;
  b.scratch("found", (found) => {
    b.peek(found, field(STAT_BUFFER, STAT.mode), 4, S_IFMT);
    if (type === S_IFIFO) b.jumpIf(found, "==", type, matches);
    else {
      b.jumpIf(found, "!=", type, mismatch);
      b.peek(found, field(STAT_BUFFER, STAT.rdev), 8);
      b.jumpIf(found, "==", node.device, matches);
    }
  });
  b.place(mismatch);
}

/** The node that the host has at that path, if it is the requested device. */
function bindNode(b: Builder, directory: Register, node: Node): void {
  const matches = b.label();
  b.scratch("node", (tree) => {
    cloneTree(b, AT_FDCWD, node.path, 0, tree);
    b.call("newfstatat", [tree, "", STAT_BUFFER, AT_EMPTY_PATH]);
    compileCompare(b, node, matches);
    b.fail(ENODEV, `${node.path} of the host is not the requested device`);
    b.place(matches);
    b.call("mknodat", [directory, nameOf(node), S_IFREG | 0o666], { on: tolerate(EEXIST) });
    b.scratch("target", (target) => {
      b.call("openat2", [directory, nameOf(node), how(O_PATH | O_NOFOLLOW, true), 24], { into: target });
      attach(b, tree, target);
    });
  });
}

function compileLinks(b: Builder, dev: Register, facts: DeviceFacts): void {
  for (const [target, name] of LINKS) b.call("symlinkat", [target, dev, name], { on: tolerate(EEXIST) });
  if (facts.kcoreExists) b.call("symlinkat", ["/proc/kcore", dev, "core"], { on: tolerate(EEXIST) });
  b.call("unlinkat", [dev, "ptmx"], { on: tolerate(ENOENT) });
  b.call("symlinkat", ["pts/ptmx", dev, "ptmx"]);
}
