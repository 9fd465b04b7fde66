// `linux.namespaces`: which ones the clone creates, which ones are joined, and at which moment.

import {
  CLONE_NEWCGROUP,
  CLONE_NEWIPC,
  CLONE_NEWNET,
  CLONE_NEWNS,
  CLONE_NEWPID,
  CLONE_NEWTIME,
  CLONE_NEWUSER,
  CLONE_NEWUTS,
} from "../abi/constants.ts";
import type { LinuxNamespace, LinuxNamespaceType } from "../spec/types.ts";

/** The CLONE_ flag of a type; it is also what setns(2) checks a descriptor against. */
export const NAMESPACE_FLAG: Readonly<Record<LinuxNamespaceType, number>> = {
  pid: CLONE_NEWPID,
  network: CLONE_NEWNET,
  mount: CLONE_NEWNS,
  ipc: CLONE_NEWIPC,
  uts: CLONE_NEWUTS,
  user: CLONE_NEWUSER,
  cgroup: CLONE_NEWCGROUP,
  time: CLONE_NEWTIME,
};

/** The file of /proc/PID/ns, which the type itself names in all other cases. */
export function namespaceFile(type: LinuxNamespaceType): string {
  if (type === "network") return "net";
  return type === "mount" ? "mnt" : type;
}

export interface Join {
  readonly type: LinuxNamespaceType;
  readonly path: string;
  readonly pointer: string;
}

export interface NamespacePlan {
  readonly created: ReadonlySet<LinuxNamespaceType>;
  readonly joined: readonly Join[];
  /**
   * Flags for clone3. Not among them: cgroup, which is rooted where its creator is, so that the process must be in
   * its cgroup first; and time, whose offsets must be set before anyone is in it.
   */
  readonly cloneFlags: number;
}

export function planNamespaces(namespaces: readonly LinuxNamespace[]): NamespacePlan {
  const created = new Set<LinuxNamespaceType>();
  const joined: Join[] = [];
  let cloneFlags = 0;
  namespaces.forEach(({ type, path }, index) => {
    if (path !== undefined) {
      joined.push({ type, path, pointer: `/linux/namespaces/${index}/path` });
      return;
    }
    created.add(type);
    if (type !== "cgroup" && type !== "time") cloneFlags |= NAMESPACE_FLAG[type];
  });
  return { created, joined, cloneFlags };
}

export function has(plan: NamespacePlan, type: LinuxNamespaceType): boolean {
  return plan.created.has(type) || plan.joined.some((join) => join.type === type);
}
