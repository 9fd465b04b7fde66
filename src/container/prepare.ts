// Everything about a container that has to be known before the first effect: the bundle is read and checked, and what
// it names on the host.

import { O_RDONLY } from "../abi/constants.ts";
import { type CgroupPlan, planCgroup } from "../cgroups/plan.ts";
import { RuntError } from "../error.ts";
import { attempt } from "../kernel/call.ts";
import { openIfExists, readAll, resolvePath, using } from "../kernel/file.ts";
import { planNamespaces } from "../namespaces/plan.ts";
import { parseSpec } from "../spec/parse.ts";
import { readSources, type Sources, type Subject } from "./facts.ts";
import { type Joins, openJoins, rejectHostNetwork } from "./joins.ts";
import type { CreateRequest } from "./request.ts";
import { rejectUnsupported } from "./unsupported.ts";

export interface Prepared extends Subject {
  /** The text of config.json. */
  readonly config: string;
  readonly joins: Joins;
  /** Our effective one. */
  readonly uid: number;
  readonly sources: Sources;
  readonly cgroup: CgroupPlan;
}

export type PrepareRequest = Pick<CreateRequest, "id" | "bundle" | "warn">;

/** @throws RuntError with the pointer of the field that is wrong or cannot be honoured */
export function prepare(request: PrepareRequest): Prepared {
  const bundle = resolvePath(request.bundle, { what: `bundle ${request.bundle}` });
  const config = readConfig(bundle);
  const { spec, warnings } = parseSpec(config);
  const { process } = spec;
  if (process === undefined) {
    throw new RuntError({ pointer: "/process", what: "process property must not be empty" });
  }
  rejectUnsupported(spec, process);
  const namespaces = planNamespaces(spec.linux?.namespaces ?? []);
  const cgroup = planCgroup(spec, process, namespaces);
  const joins = openJoins(namespaces);
  rejectHostNetwork(joins, spec.linux?.sysctl ?? {});
  const uid = attempt("geteuid");
  const { id } = request;
  const subject: Subject = { id, spec, process, bundle, namespaces, joinedByStage: joins.byStage };
  const sources = readSources(subject, uid);
  for (const warning of [...warnings, ...cgroup.warnings]) request.warn(warning);
  return { ...subject, config, joins, uid, sources, cgroup };
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
