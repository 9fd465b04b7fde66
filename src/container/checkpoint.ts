// `checkpoint`: CRIU writes a running container to image files. Then it is deleted, as in runc, unless it is to go on.
// One that could not be written goes on: CRIU takes back what it has done to its processes.

import { F_GETFL, O_ACCMODE, O_PATH, O_RDONLY, RESOLVE_IN_ROOT } from "../abi/constants.ts";
import { getLong, openHow, STAT } from "../abi/structs.ts";
import { mountPoint } from "../cgroups/cgroupfs.ts";
import { EXTERNAL_NAMESPACE, external, externalMounts, JOINED_NAMESPACE } from "../criu/externals.ts";
import type { CriuOptions } from "../criu/messages.ts";
import { RuntError } from "../error.ts";
import { attempt, type Fd, failure } from "../kernel/call.ts";
import { open, pathOf, readFile, readLink, replaceFile, statPath, using } from "../kernel/file.ts";
import { lines } from "../lines.ts";
import { has, type NamespacePlan, namespaceFile, planNamespaces } from "../namespaces/plan.ts";
import { relative } from "../rootfs/path.ts";
import { isIdmapped } from "../spec/mounts.ts";
import { parseSpec } from "../spec/parse.ts";
import type { Spec } from "../spec/types.ts";
import { startCriu } from "./criu.ts";
import { configFile, DESCRIPTORS, openFiles } from "./criu_files.ts";
import { stopAndDispose } from "./delete.ts";
import { type ContainerRecord, LEGAL } from "./record.ts";
import type { Warn } from "./request.ts";
import { doesNotExist, openLocked, readConfig, requireRecord, type Store, statusOf } from "./store.ts";

export interface CheckpointRequest {
  readonly store: Store;
  readonly id: string;
  readonly imagePath: string;
  readonly workPath: string | undefined;
  /** Of earlier images, relative to the image path. */
  readonly parentPath: string | undefined;
  readonly preDump: boolean;
  readonly leaveRunning: boolean;
  readonly lazyPages: boolean;
  /** Negative if there is none. */
  readonly statusFd: number;
  /** What else CRIU is asked. */
  readonly criu: CriuOptions;
  readonly warn: Warn;
}

/** @throws RuntError; then the container is as it was */
export async function checkpointContainer(request: CheckpointRequest): Promise<void> {
  const { store, id, preDump, leaveRunning, warn } = request;
  const directory = openLocked(store, id);
  if (directory === undefined) throw doesNotExist(id);
  const record = requireRecord(store, id);
  const status = statusOf(store, record);
  if (!LEGAL.checkpoint.includes(status) || record.init === undefined) {
    throw new RuntError({
      what: `Container cannot be checkpointed in ${status} state`,
      hint: `it has to be running: runt state ${id} shows its status`,
    });
  }
  const { spec } = parseSpec(readConfig(directory));
  dump(request, record, record.init.pid, spec);
  if (!preDump && !leaveRunning) await stopAndDispose(directory, record, warn);
}

function dump(request: CheckpointRequest, record: ContainerRecord, pid: number, spec: Spec): void {
  const { preDump, lazyPages, statusFd, parentPath } = request;
  const namespaces = planNamespaces(spec.linux?.namespaces ?? []);
  requireRestorable(spec, namespaces);
  if (statusFd >= 0) requireWritable(statusFd);
  const files = openFiles(request.imagePath, request.workPath, true);
  if (parentPath) requireParent(parentPath, files.images);
  const criu = startCriu({});
  try {
    if (preDump) criu.require("mem_track");
    if (lazyPages) criu.require("lazy_pages");
    const streams = preDump ? [] : [0, 1, 2].map((number) => describeStream(pid, number));
    criu.request(preDump ? "PRE_DUMP" : "DUMP", files, {
      ...request.criu,
      pid,
      root: record.rootfs,
      orphan_pts_master: true,
      freeze_cgroup: record.cgroup,
      ...(parentPath && { parent_img: parentPath }),
      ...((parentPath || preDump) && { track_mem: true }),
      ...(statusFd >= 0 && { status_fd: statusFd }),
      external: [
        ...mountNames(pid, spec, record.bundle, namespaces),
        ...namespaceNames(pid, namespaces),
        ...streams.filter((link) => link.startsWith("file[")),
      ],
      config_file: configFile(spec.annotations),
    });
    if (!preDump) replaceFile(DESCRIPTORS, JSON.stringify(streams), files.images, 0o600);
  } finally {
    criu.end();
  }
}

/** @throws RuntError where CRIU would silently make another container of it, or none */
export function requireRestorable({ mounts = [] }: Spec, { created, joined }: NamespacePlan): void {
  if (!created.has("mount")) {
    throw new RuntError({
      pointer: "/linux/namespaces",
      what: "a container without a mount namespace of its own cannot be checkpointed",
    });
  }
  const other = joined.find(({ type }) => !EXTERNAL_NAMESPACE[type] && !JOINED_NAMESPACE[type]);
  if (other !== undefined) {
    const what = `CRIU cannot restore a container into the ${other.type} namespace of others`;
    throw new RuntError({ pointer: other.pointer, what });
  }
  const index = mounts.findIndex(isIdmapped);
  if (index < 0) return;
  throw new RuntError({ pointer: `/mounts/${index}`, what: "CRIU cannot restore id-mapped mounts" });
}

function requireWritable(fd: number): void {
  const flags = attempt("fcntl", fd, F_GETFL, 0);
  if (flags < 0) throw failure(`invalid --status-fd argument ${fd}`, -flags);
  if ((flags & O_ACCMODE) === O_RDONLY) {
    throw new RuntError({ what: `invalid --status-fd argument ${fd}: not writable` });
  }
}

function requireParent(path: string, images: Fd): void {
  if (path.startsWith("/")) {
    throw new RuntError({ what: "--parent-path must be relative", hint: "it starts from --image-path" });
  }
  const status = statPath(path, images);
  if (typeof status === "number") throw failure(`invalid parent path --parent-path=${path}`, -status);
}

/** Where they are mounted now: a destination may lead through links of the image. */
function mountNames(pid: number, spec: Spec, bundle: string, namespaces: NamespacePlan): readonly string[] {
  const cgroup = has(namespaces, "cgroup") ? undefined : mountPoint();
  return using(open(`/proc/${pid}/root`, O_PATH), (root) =>
    externalMounts(spec, bundle, cgroup).map(({ destination }) => {
      const how = openHow(O_PATH, RESOLVE_IN_ROOT);
      const fd = attempt("openat2", root, relative(destination), how, how.length);
      return external("mnt", fd < 0 ? destination : using(fd as Fd, pathOf), destination);
    }),
  );
}

function namespaceNames(pid: number, { joined }: NamespacePlan): readonly string[] {
  return joined.flatMap(({ type }) => {
    const names = EXTERNAL_NAMESPACE[type];
    if (names === undefined) return [];
    const status = statPath(`/proc/${pid}/ns/${namespaceFile(type)}`);
    if (typeof status === "number") throw failure(`find the ${type} namespace of process ${pid}`, -status);
    return [external(names[0], getLong(status, STAT.inode), names[1])];
  });
}

/** What it leads to, or, for a file that is not in the container's mounts, CRIU's name of it. */
function describeStream(pid: number, number: number): string {
  const path = `/proc/${pid}/fd/${number}`;
  const link = readLink(path);
  // Closed by the container.
  if (typeof link === "number") return "";
  if (!link.startsWith("/")) return link;
  const mount = lines(readFile(`/proc/${pid}/fdinfo/${number}`))
    .find((line) => line.startsWith("mnt_id:"))
    ?.split("\t")[1];
  const isInside = lines(readFile(`/proc/${pid}/mountinfo`)).some((line) => line.split(" ", 1)[0] === mount);
  const status = statPath(path);
  if (isInside || typeof status === "number") return link;
  return `file[${Number(mount).toString(16)}:${getLong(status, STAT.inode).toString(16)}]`;
}
