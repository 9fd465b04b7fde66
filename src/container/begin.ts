// What of a container's process can begin as soon as its config.json is known to be right: the kernel makes its namespaces
// while the runtime reads what the bundle names, reserves the id and makes the cgroup.

import type { Fd } from "../kernel/call.ts";
import { openSocket, socketPair } from "../kernel/socket.ts";
import { has } from "../namespaces/plan.ts";
import { hasLabels } from "../process/labels.ts";
import type { CompileOptions } from "./compile.ts";
import { mayLackProc, type Subject } from "./facts.ts";
import { isRootless } from "./host.ts";
import { raiseHardLimits, requirePreserved, setOomScoreAdj } from "./inherited.ts";
import type { Joins } from "./joins.ts";
import { inTimeNamespace } from "./joins.ts";
import { isRare } from "./rare.ts";
import type { CreateRequest } from "./request.ts";
import { openProc } from "./security_modules.ts";
import { CHANNEL, LISTENER } from "./send.ts";
import { type Spawning, spawnStage } from "./spawn.ts";

/** Of a container that is not prepared yet. */
export interface Beginner extends Pick<Subject, "spec" | "process" | "namespaces"> {
  readonly joins: Joins;
  /** Our effective one. */
  readonly uid: number;
  /** It will have a proxy of sd_notify(3). */
  readonly notifies: boolean;
}

export type BeginOptions = Pick<CreateRequest, "cgroups" | "rootless"> &
  Pick<CompileOptions, "barrier" | "preserveFds">;

/** Between us and the container's process. */
export interface Connections {
  readonly ours: Fd;
  /** Not bound yet. */
  readonly listener: Fd | undefined;
  /** What the process inherits, by the names that its program uses. */
  readonly descriptors: Readonly<Record<string, Fd>>;
  readonly restoreOomScore: () => void;
}

/** Its process is on its way, and waits for its cgroup. */
export interface Begun extends Connections {
  readonly spawning: Spawning;
}

export function connect(
  { spec, process, namespaces, joins }: Omit<Beginner, "uid" | "notifies">,
  { barrier }: BeginOptions,
): Connections {
  const [ours, theirs] = socketPair();
  const listener = barrier ? openSocket() : undefined;
  const descriptors = {
    [CHANNEL]: theirs,
    ...(listener !== undefined && { [LISTENER]: listener }),
    ...joins.descriptors,
    ...openProc(hasLabels(process) || (spec.linux?.sysctl !== undefined && mayLackProc(namespaces))),
  };
  return { ours, listener, descriptors, restoreOomScore: setOomScoreAdj(process.oomScoreAdj) };
}

/** Undefined where that is not worth it, or not possible. */
export function begin(beginner: Beginner, options: BeginOptions): Begun | undefined {
  if (!mayBegin(beginner, options)) return undefined;
  const connections = connect(beginner, options);
  return { ...connections, spawning: spawn(beginner, options, connections.descriptors, "later") };
}

/** Root of the host makes namespaces that belong to no other user namespace, and the cgroup in any case. */
function mayBegin(
  { spec, namespaces, joins, uid, notifies }: Beginner,
  { cgroups, rootless, preserveFds }: BeginOptions,
): boolean {
  const isPlain = !has(namespaces, "user") && !has(namespaces, "time") && joins.before.length === 0;
  const isOften =
    isPlain && namespaces.created.has("network") && preserveFds === 0 && !notifies && !isRare(spec);
  return isOften && cgroups.clonesInto && !(rootless ?? isRootless(uid));
}

export function spawn(
  { namespaces, joins, spec, process }: Omit<Beginner, "notifies">,
  { preserveFds }: BeginOptions,
  descriptors: Readonly<Record<string, Fd>>,
  cgroup: Fd | undefined | "later",
): Spawning {
  requirePreserved(preserveFds);
  if (has(namespaces, "user")) raiseHardLimits(process.rlimits ?? []);
  const { cloneFlags } = namespaces;
  const newTime = has(namespaces, "time");
  return inTimeNamespace(namespaces, joins, spec.linux?.timeOffsets, () =>
    spawnStage({ descriptors, cloneFlags, cgroup, preserveFds, newTime, before: joins.before }),
  );
}
