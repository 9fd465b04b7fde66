// Idmapped mounts: the trees that the stage inherits, with the ids of their files mapped as a user namespace maps
// them. The kernel takes a map only from such a namespace: a child that does nothing but exist is in it until the
// runtime holds it by a descriptor.

import { AT_EMPTY_PATH, AT_RECURSIVE, CLONE_NEWUSER, MOUNT_ATTR_IDMAP, O_RDONLY } from "../abi/constants.ts";
import { EINVAL, EPERM } from "../abi/errno.ts";
import { longs, mountAttr } from "../abi/structs.ts";
import { attempt, type Context, call, type Fd, failure } from "../kernel/call.ts";
import { close, open, openPipe } from "../kernel/file.ts";
import { parseMountOptions } from "../rootfs/mount_options.ts";
import { sourceName } from "../rootfs/mounts.ts";
import { isIdmapped } from "../spec/mounts.ts";
import type { LinuxIDMapping, Mount } from "../spec/types.ts";
import { writeIdMaps } from "./id_maps.ts";
import type { Prepared } from "./prepare.ts";

const SIGCHLD = 17;

interface Maps {
  readonly uidMappings: readonly LinuxIDMapping[];
  readonly gidMappings: readonly LinuxIDMapping[];
}

/** @param trees detached copies of the sources, by the names of the descriptors */
export function mapTrees({ spec, joins }: Prepared, trees: Readonly<Record<string, Fd>>): void {
  const { mounts = [], linux = {} } = spec;
  const made = new Map<string, Fd>();
  const joined = joins.opened.find(({ type }) => type === "user")?.fd;
  const namespaceFor = ({ uidMappings = [], gidMappings = [] }: Mount, pointer: string): Fd => {
    const ownMap = uidMappings.length > 0;
    if (!ownMap && joined !== undefined) return joined;
    const { uidMappings: uids = [], gidMappings: gids = [] } = ownMap ? { uidMappings, gidMappings } : linux;
    const maps = { uidMappings: uids, gidMappings: gids };
    const key = JSON.stringify(maps);
    const fd = made.get(key) ?? userNamespace(maps, ownMap ? pointer : "/linux");
    made.set(key, fd);
    return fd;
  };
  mounts.forEach((mount, index) => {
    const tree = trees[sourceName(index)];
    if (tree === undefined || !isIdmapped(mount)) return;
    const pointer = `/mounts/${index}`;
    setMap(mount, pointer, tree, namespaceFor(mount, pointer));
  });
  for (const fd of made.values()) close(fd);
}

function setMap({ source = "", options = [] }: Mount, pointer: string, tree: Fd, namespace: Fd): void {
  const recursive = parseMountOptions(options).ridmap ? AT_RECURSIVE : 0;
  const attributes = mountAttr(MOUNT_ATTR_IDMAP, 0, 0, namespace);
  const flags = AT_EMPTY_PATH | recursive;
  const result = attempt("mount_setattr", tree, "", flags, attributes, attributes.length);
  if (result < 0) throw failure({ what: `map the ids of ${source}`, pointer, ...hintFor(-result) }, -result);
}

function hintFor(errno: number): Pick<Context, "hint"> {
  if (errno === EINVAL)
    return { hint: "its filesystem, or one mounted below it, does not support idmapped mounts" };
  return errno === EPERM ? { hint: "id mapped mounts need root on the host" } : {};
}

function userNamespace(maps: Maps, parent: string): Fd {
  const { read, write } = openPipe();
  const context = { what: "create a user namespace for an id map", pointer: `${parent}/uidMappings` };
  const arguments_ = longs(CLONE_NEWUSER, 0, 0, 0, SIGCHLD, 0, 0, 0);
  const child = call(context, "clone3", arguments_, arguments_.length);
  if (child === 0) {
    // Until the parent closes its end, or ends.
    attempt("close", write);
    attempt("read", read, new Uint8Array(1), 1);
    attempt("exit_group", 0);
  }
  close(read);
  try {
    writeIdMaps(child, maps, parent);
    return open(`/proc/${child}/ns/user`, O_RDONLY, { context });
  } finally {
    close(write);
    attempt("wait4", child, null, 0, null);
  }
}
