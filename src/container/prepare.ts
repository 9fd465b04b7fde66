// Everything about a container that has to be known before the first effect: the bundle is read and checked, and what
// it names on the host.

import { O_RDONLY } from "../abi/constants.ts";
import { type CgroupPlan, planCgroup } from "../cgroups/plan.ts";
import { RuntError } from "../error.ts";
import { attempt } from "../kernel/call.ts";
import { openIfExists, readAll, resolvePath, using } from "../kernel/file.ts";
import { has, type NamespacePlan, planNamespaces } from "../namespaces/plan.ts";
import { parseSpec } from "../spec/parse.ts";
import { NO_PROCESS } from "../spec/process.ts";
import type { Beginner, Begun } from "./begin.ts";
import { readSources, type Sources, type Subject } from "./facts.ts";
import { type Joins, openJoins, rejectHostNetwork } from "./joins.ts";
import { loadHooks } from "./load_hooks.ts";
import { withNotifyMount, withVariables } from "./notify_mount.ts";
import type { CreateRequest } from "./request.ts";
import { type PreparedFilter, prepareSeccomp } from "./seccomp.ts";
import { requireSecurityModules } from "./security_modules.ts";
import { pathFor } from "./store.ts";
import { rejectUnsupported } from "./unsupported.ts";

export interface Prepared extends Subject {
  /** The text of config.json. */
  readonly config: string;
  readonly joins: Joins;
  /** Our effective one. */
  readonly uid: number;
  readonly sources: Sources;
  readonly seccomp: PreparedFilter | undefined;
  readonly cgroup: CgroupPlan;
  /** It has a proxy of sd_notify(3). */
  readonly notifies?: true;
  /** Whose end is up to the caller. */
  readonly begun: Begun | undefined;
}

export type PrepareRequest = Pick<CreateRequest, "id" | "bundle" | "warn"> &
  Partial<Pick<CreateRequest, "store" | "environment" | "notifySocket">>;

/**
 * @param begin called when config.json is known to be right
 * @throws RuntError with the pointer of the field that is wrong or cannot be honoured
 */
export async function prepare(
  request: PrepareRequest,
  begin: (beginner: Beginner) => Begun | undefined = () => undefined,
): Promise<Prepared> {
  const bundle = resolvePath(request.bundle, { what: `bundle ${request.bundle}` });
  const config = readConfig(bundle);
  const { spec, warnings } = parseSpec(config);
  const namespaces = planNamespaces(spec.linux?.namespaces ?? []);
  const state = notifyState(request, namespaces);
  const process = withVariables(spec.process ?? NO_PROCESS, request.environment, state !== undefined);
  const ignored = rejectUnsupported(spec);
  requireSecurityModules(process, spec.linux?.mountLabel);
  const cgroup = planCgroup(spec, process, namespaces);
  const joins = openJoins(namespaces);
  rejectHostNetwork(joins, spec.linux?.sysctl ?? {});
  const uid = attempt("geteuid");
  const begun = begin({ spec, process, namespaces, joins, uid, notifies: state !== undefined });
  try {
    const { id } = request;
    const subject = { id, spec, process, bundle, namespaces, joinedByStage: joins.byStage };
    const seccomp = await prepareSeccomp(spec.linux?.seccomp, request.store);
    const sources = { ...readSources(subject, uid), ...(seccomp && { seccomp }) };
    const hooks = await loadHooks(spec.hooks, { ...spec, id, bundle });
    for (const warning of [...warnings, ...ignored, ...cgroup.warnings]) request.warn(warning);
    const prepared = { ...subject, hooks, config, joins, uid, sources, seccomp, cgroup, begun };
    return state === undefined
      ? prepared
      : { ...prepared, ...withNotifyMount(spec, sources, state), notifies: true };
  } catch (error) {
    begun?.spawning.end();
    throw error;
  }
}

/** For what starts the container as well as making it. */
export function requireProcess({ spec }: Pick<Subject, "spec">): void {
  if (spec.process !== undefined) return;
  throw new RuntError({
    pointer: "/process",
    what: "process property must not be empty",
    hint: "config.json has to say what the container is to run; only `create` does without",
  });
}

/** Its directory, if the container has a proxy of sd_notify(3) in it. */
function notifyState(
  { notifySocket, store, id, warn }: PrepareRequest,
  namespaces: NamespacePlan,
): string | undefined {
  if (!notifySocket || store === undefined) return undefined;
  if (has(namespaces, "mount")) return pathFor(store, id);
  warn({ what: "NOTIFY_SOCKET is ignored: without a mount namespace the container cannot have one" });
  return undefined;
}

function readConfig(bundle: string): string {
  const path = `${bundle}/config.json`;
  const fd = openIfExists(path, O_RDONLY);
  if (fd !== undefined) return using(fd, () => readAll(fd, path));
  throw new RuntError({
    what: `JSON specification file ${path} not found`,
    hint: "name the directory that holds config.json with --bundle, or write one: runt spec",
  });
}
