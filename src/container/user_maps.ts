// The id maps of a container that an ordinary user creates: the one id that everybody may map, or those that
// /etc/subuid and /etc/subgid give to the user, which newuidmap(1) and newgidmap(1) write.

import { PR_GET_NO_NEW_PRIVS } from "../abi/constants.ts";
import { ENOENT, EPERM, errnoName } from "../abi/errno.ts";
import { getWord, STAT } from "../abi/structs.ts";
import { RuntError } from "../error.ts";
import { attempt } from "../kernel/call.ts";
import { readVariable } from "../kernel/environment.ts";
import { statPath, writeValue } from "../kernel/file.ts";
import type { Linux, LinuxIDMapping } from "../spec/types.ts";
import { type CommandResult, runCommand } from "./host_command.ts";
import { formatMap, type IdKind, isOwnId } from "./id_maps.ts";

const S_ISUID = 0o4000;

/** @throws RuntError that says why the host does not let this user have the ids */
export function mapUserIds(
  pid: number,
  { uidMappings = [], gidMappings = [] }: Pick<Linux, "uidMappings" | "gidMappings">,
): void {
  mapIds(pid, "uid", uidMappings);
  // user_namespaces(7): only who can't drop groups any more may map a group without privilege.
  if (isOwnId(gidMappings, "gid")) writeValue(`/proc/${pid}/setgroups`, "deny");
  mapIds(pid, "gid", gidMappings);
}

/** Ourselves, if we may: then the user is one with a capability, or root of a user namespace. */
function mapIds(pid: number, kind: IdKind, mappings: readonly LinuxIDMapping[]): void {
  const pointer = `/linux/${kind}Mappings`;
  const path = `/proc/${pid}/${kind}_map`;
  try {
    writeValue(path, formatMap(mappings), { context: { what: `write ${path}`, pointer } });
  } catch (error) {
    if (!(error instanceof RuntError) || error.record.errno !== errnoName(EPERM)) throw error;
    callTool(pid, kind, mappings, pointer);
  }
}

function callTool(pid: number, kind: IdKind, mappings: readonly LinuxIDMapping[], pointer: string): void {
  const tool = `new${kind}map`;
  const numbers = mappings.flatMap(({ containerID, hostID, size }) => [containerID, hostID, size]);
  let result: CommandResult;
  try {
    result = runCommand([tool, ...[pid, ...numbers].map(String)], readVariable("PATH"));
  } catch (error) {
    if (!(error instanceof RuntError) || error.record.errno !== errnoName(ENOENT)) throw error;
    const hint = `install ${tool} (Debian: uidmap; Fedora: shadow-utils), or map no id but your own: runt spec --rootless`;
    throw new RuntError({ ...error.record, pointer, hint });
  }
  const { status, output } = result;
  if (status === 0) return;
  const what = `${tool} ${pid} ${numbers.join(" ")}: ${output.trim() || `exit status ${status}`}`;
  throw new RuntError({ pointer, what, hint: adviceOn(result, tool, kind) });
}

function adviceOn({ path, output }: CommandResult, tool: string, kind: IdKind): string {
  if (output.includes("not allowed")) {
    const user = `$(id -un ${attempt("geteuid")})`;
    return `/etc/sub${kind} gives this user other ids, or none: usermod --add-sub${kind}s 100000-165535 ${user}`;
  }
  if (attempt("prctl", PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) === 1) {
    return `runt was started with no_new_privs, so that ${tool} has no privilege either`;
  }
  const status = statPath(path);
  const isSetUid = typeof status !== "number" && (getWord(status, STAT.mode) & S_ISUID) !== 0;
  if (!isSetUid)
    return `unless ${path} has file capabilities (getcap), it has to be set-uid root: chmod u+s ${path}`;
  return `is ${path} on a filesystem that is mounted nosuid, or this user namespace without those ids?`;
}
