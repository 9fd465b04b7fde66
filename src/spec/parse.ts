// From the text of config.json to a Spec, or one RuntError with the pointer of the field that is wrong. All
// that can be known without looking at the host is checked here, before anything happens.

import type { ErrorRecord } from "../error.ts";
import {
  text as anyText,
  bool,
  type Check,
  mapOf,
  nonEmptyText,
  object,
  textThat,
  unlessEmpty,
} from "./check.ts";
import { hooks } from "./hooks.ts";
import { parseJson } from "./json.ts";
import { linux } from "./linux.ts";
import { mounts } from "./mounts.ts";
import { namespaceWarnings, rejectMissingNamespaces } from "./namespaces.ts";
import { process, processWarnings } from "./process.ts";
import { resources } from "./resources.ts";
import { rejectHostSysctls } from "./sysctl.ts";
import type { LinuxResources, Process, Root, Spec } from "./types.ts";

/** __NEW_UTS_LEN */
const MAX_UTS_NAME = 64;

export interface ParsedSpec {
  readonly spec: Spec;
  /** To be logged (runtime.md#warnings); nothing of it stops a container. */
  readonly warnings: readonly ErrorRecord[];
}

const SEMVER_1 =
  /^1\.(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)(-([0-9A-Za-z-]+(\.[0-9A-Za-z-]+)*))?(\+[0-9A-Za-z-]+(\.[0-9A-Za-z-]+)*)?$/;

/** SemVer 2.0.0, major version 1: a minor version adds fields, which an older runtime ignores. */
function isSupportedVersion(version: string): boolean {
  const match = SEMVER_1.exec(version);
  if (match === null) return false;
  // A numeric identifier of a pre-release has no leading zeros.
  return !(match[4]?.split(".").some((part) => /^0[0-9]+$/.test(part)) ?? false);
}

const root: Check<Root> = object({ path: nonEmptyText }, { readonly: bool });

const utsName = unlessEmpty(textThat((name) => name.length <= MAX_UTS_NAME, `at most ${MAX_UTS_NAME} bytes`));

const spec: Check<Spec> = object(
  { ociVersion: textThat(isSupportedVersion, "a SemVer version 1.x.y"), root },
  { mounts, process, hostname: utsName, domainname: utsName, hooks, annotations: mapOf(anyText), linux },
);

/** config.json. Throws RuntError at the first field that is wrong. */
export function parseSpec(text: string): ParsedSpec {
  const parsed = spec(parseJson(text, "config.json"), "");
  rejectMissingNamespaces(parsed);
  rejectHostSysctls(parsed);
  const warnings = namespaceWarnings(parsed.linux);
  if (parsed.process !== undefined) warnings.push(...processWarnings(parsed.process, "/process"));
  return { spec: parsed, warnings };
}

/** The file of `exec --process`: a Process of its own. For its warnings, see processWarnings with pointer "". */
export function parseProcess(text: string): Process {
  return process(parseJson(text, "the process file"), "");
}

/** The file of `update --resources`: a LinuxResources of its own. */
export function parseResources(text: string): LinuxResources {
  return resources(parseJson(text, "the resources file"), "");
}
