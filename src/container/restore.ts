// `restore`: the container is made as by `run`, but its processes come from image files. CRIU makes them in the cgroup
// that it is in itself, as children of ours, and they go on where they were.

import { KEYCTL_JOIN_SESSION_KEYRING, PR_SET_CHILD_SUBREAPER, PR_SET_PDEATHSIG } from "../abi/constants.ts";
import { ENOENT } from "../abi/errno.ts";
import { SYS } from "../abi/syscalls.ts";
import { mountPoint } from "../cgroups/cgroupfs.ts";
import type { NewCgroup } from "../cgroups/driver.ts";
import {
  EXTERNAL_NAMESPACE,
  external,
  externalMounts,
  isInherited,
  JOINED_NAMESPACE,
} from "../criu/externals.ts";
import {
  CGROUPS_MODE,
  type CgroupsMode,
  type CriuOptions,
  cgroupRoot,
  inheritFd,
  joinNamespace,
} from "../criu/messages.ts";
import { RuntError } from "../error.ts";
import { call, type Fd } from "../kernel/call.ts";
import { readFileIfExists, statPath, writeValue } from "../kernel/file.ts";
import { openChild } from "../kernel/process.ts";
import { has } from "../namespaces/plan.ts";
import { type Json, parseJson } from "../spec/json.ts";
import { attend, blockSignals } from "./attend.ts";
import { requireRestorable } from "./checkpoint.ts";
import { chooseConsole, rejectConsole } from "./console.ts";
import { undoing, writePidFile } from "./create.ts";
import { FIRST_INHERITED, startCriu } from "./criu.ts";
import { closeFiles, configFile, DESCRIPTORS, openFiles } from "./criu_files.ts";
import { beginCgroup, describeIntent, identify, type Launched } from "./launch.ts";
import { makeMountPoints } from "./mount_points.ts";
import { type Prepared, prepare, requireProcess } from "./prepare.ts";
import { inPrivateMounts } from "./private_mounts.ts";
import { loadRare, type Rare } from "./rare.ts";
import type { ProcessId } from "./record.ts";
import type { CreateRequest } from "./request.ts";
import { cleanUp } from "./run.ts";
import { duplicate, endChild, rawCall } from "./spawn.ts";
import { removeDirectory, reserve, unlock, writeConfig, writeInit, writeRecord } from "./store.ts";
import type { Undo } from "./undo.ts";

const SIGKILL = 9;

export interface RestoreRequest extends CreateRequest {
  readonly detach: boolean;
  readonly imagePath: string;
  readonly workPath: string | undefined;
  readonly cgroupsMode: CgroupsMode;
  /** The network namespace is a new one, without what was in it. */
  readonly emptyNetwork: boolean;
  /** What else CRIU is asked. */
  readonly criu: CriuOptions;
}

/** The exit status of the container's process, or 128 and the signal that ended it; 0 where it was detached. */
export async function restoreContainer(request: RestoreRequest): Promise<number> {
  const prepared = await prepare(request);
  requireProcess(prepared);
  requireRestorable(prepared.spec, prepared.namespaces);
  const { detach } = request;
  rejectConsole(request, prepared.process.terminal === true, detach);
  // Opened again where CRIU is; what is wrong with them is said before anything is made.
  closeFiles(openFiles(request.imagePath, request.workPath, false));
  const rare = await loadRare(prepared);
  const signals = detach ? undefined : blockSignals();
  if (!detach) call("become a subreaper", "prctl", PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
  const { pidfd, directory, record, proxy } = undoing(request, (undo) => {
    const terminal = chooseConsole(request, prepared.process, undo);
    const restored = restore(prepared, request, { rare, onConsole: terminal.take }, undo);
    writePidFile(request.pidFile, restored.record.init.pid, undo);
    unlock(restored.directory);
    return { ...restored, proxy: terminal.proxy() };
  });
  if (signals === undefined) return 0;
  const status = attend(pidfd, signals, proxy);
  cleanUp(request, prepared, directory, record);
  return status;
}

interface RestoreOptions {
  readonly rare: Rare | undefined;
  /** Takes the master of the container's terminal. */
  readonly onConsole: (master: Fd) => void;
}

type Restored = Pick<Launched, "record" | "pidfd" | "directory">;

/** In the order of `launch`. What has been done is pushed to `undo`. */
function restore(
  prepared: Prepared,
  request: RestoreRequest,
  { rare, onConsole }: RestoreOptions,
  undo: Undo,
): Restored {
  const { hooks, spec, sources } = prepared;
  const streams = readStreams(request.imagePath);
  const namespaces = externalNamespaces(prepared, request);
  const directory = reserve(request.store, prepared.id);
  undo.push(() => hooks?.poststop(request.warn));
  undo.push(() => removeDirectory(directory));
  const cgroup = beginCgroup(prepared, request);
  if (request.cgroupsMode === "strict") requireMissing(cgroup.place.path);
  const resctrl = rare?.openResctrl(prepared);
  const intent = {
    ...describeIntent(prepared, request, cgroup.place),
    ...(resctrl && { resctrl: resctrl.directories }),
  };
  writeRecord(directory, intent);
  writeConfig(directory, prepared.config);
  undo.push(cgroup.undo);
  if (cgroup.place.path === "" || !cgroup.make())
    throw new RuntError({ what: "CRIU needs a cgroup for what it restores" });
  resctrl?.make(undo);
  makeMountPoints(spec, sources);
  const inherited = [...streams, ...namespaces];
  const { files, criu } = inPrivateMounts(sources.root.path, () => ({
    files: openFiles(request.imagePath, request.workPath, false),
    criu: startCriu({
      ...(request.criu.shell_job === true && { streams: ownStreams() }),
      inherited: inherited.map(({ fd }) => duplicate(fd)),
      calls: [
        // Else nothing could kill what it is making, and traces.
        rawCall(SYS.prctl, PR_SET_PDEATHSIG, SIGKILL),
        // Its processes inherit the one that CRIU has.
        ...(request.newKeyring ? [rawCall(SYS.keyctl, KEYCTL_JOIN_SESSION_KEYRING)] : []),
      ],
    }),
  }));
  undo.push(criu.end);
  cgroup.adopt?.(criu.pid);
  cgroup.filterDevices();
  // Who kills what is in it kills CRIU, its helpers, and what they have half made.
  writeValue(`${cgroup.place.path}/cgroup.procs`, String(criu.pid));
  let restored: (Pick<Restored, "pidfd"> & { readonly init: ProcessId }) | undefined;
  criu.request("RESTORE", files, criuOptions(prepared, request, inherited, cgroup), (script, pid, fd) => {
    if (script === "setup-namespaces") hooks?.createRuntime(pid);
    else if (script === "orphan-pts-master" && fd !== undefined) onConsole(fd);
    else if (script === "post-restore") {
      restored = take(pid, undo);
      resctrl?.adopt(pid);
      writeInit(directory, restored.init);
    }
  });
  criu.end();
  // They hold on to CRIU's mounts.
  closeFiles(files);
  if (restored === undefined) throw new RuntError({ what: "criu has restored no process" });
  return { record: { ...intent, init: restored.init }, pidfd: restored.pidfd, directory };
}

function requireMissing(cgroup: string): void {
  if (statPath(cgroup) === -ENOENT) return;
  throw new RuntError({ pointer: "/linux/cgroupsPath", what: `the cgroup exists already: ${cgroup}` });
}

/** A child of ours, which does not run yet. */
function take(pid: number, undo: Undo): { readonly init: ProcessId; readonly pidfd: Fd } {
  const pidfd = openChild(pid);
  undo.push(() => endChild(pidfd));
  return { init: identify(pid), pidfd };
}

/** A descriptor of ours that CRIU inherits, by the name that the images have for it. */
interface Inherited {
  readonly key: string;
  readonly fd: Fd;
}

/** Our standard streams take the places of those that the container had from its caller. */
function readStreams(imagePath: string): readonly Inherited[] {
  const text = readFileIfExists(`${imagePath}/${DESCRIPTORS}`);
  if (text === undefined) return [];
  const links = parseJson(text, DESCRIPTORS);
  const keys: readonly Json[] = Array.isArray(links) ? links.slice(0, 3) : [];
  return keys.flatMap((key, number) =>
    // Two that are one have one name.
    typeof key === "string" && isInherited(key) && keys.indexOf(key) === number
      ? [{ key, fd: number as Fd }]
      : [],
  );
}

function externalNamespaces({ joins }: Prepared, { emptyNetwork }: RestoreRequest): readonly Inherited[] {
  return joins.opened.flatMap(({ type, fd }) => {
    const names = EXTERNAL_NAMESPACE[type];
    if (names === undefined || (type === "network" && emptyNetwork)) return [];
    return [{ key: names[1], fd }];
  });
}

function ownStreams(): readonly [Fd, Fd, Fd] {
  return [duplicate(0 as Fd), duplicate(1 as Fd), duplicate(2 as Fd)];
}

function criuOptions(
  { spec, process, bundle, namespaces, joins, sources }: Prepared,
  { criu, cgroupsMode }: RestoreRequest,
  inherited: readonly Inherited[],
  { place }: NewCgroup,
): CriuOptions {
  const mounted = mountPoint();
  const cgroup = has(namespaces, "cgroup") ? undefined : mounted;
  return {
    ...criu,
    root: sources.root.path,
    // For who waits for the container's process.
    rst_sibling: true,
    // With both of them CRIU crashes at a terminal that is not the container's own.
    orphan_pts_master: criu.shell_job !== true || process.terminal === true,
    evasive_devices: true,
    // What is strict about it we have seen to: by now there is the cgroup that we have made.
    manage_cgroups_mode: CGROUPS_MODE[cgroupsMode === "strict" ? "full" : cgroupsMode],
    ...(cgroupsMode !== "ignore" && { cg_root: [cgroupRoot("", place.path.slice(mounted.length))] }),
    external: externalMounts(spec, bundle, cgroup).map(({ destination, source }) =>
      external("mnt", destination, source),
    ),
    inherit_fd: inherited.map(({ key }, index) => inheritFd(key, FIRST_INHERITED + index)),
    join_ns: joins.opened.flatMap(({ type, path }) => {
      const word = JOINED_NAMESPACE[type];
      return word === undefined ? [] : [joinNamespace(word, path)];
    }),
    config_file: configFile(spec.annotations),
  };
}
