// config-linux.md#sysctl: only what a namespace of the container's own keeps apart from the host may be set. The
// allow-list and the texts are runc's.

import { mapOf, reject, text } from "./check.ts";
import { quote } from "./found.ts";
import { findNamespace } from "./namespaces.ts";
import type { Spec } from "./types.ts";

const IPC_SYSCTLS: readonly string[] = [
  "kernel/msgmax",
  "kernel/msgmnb",
  "kernel/msgmni",
  "kernel/sem",
  "kernel/shmall",
  "kernel/shmmax",
  "kernel/shmmni",
  "kernel/shm_rmid_forced",
];

/**
 * The path below /proc/sys that a key means, as in sysctl(8): the first separator decides. In `net.a.b` a dot
 * separates and a slash stands for a dot; `net/a/eth0.1` is a path already. undefined if a component is empty, `.`
 * or `..`: `net/../kernel/core_pattern` must not pass for a network setting.
 */
export function sysctlPath(key: string): string | undefined {
  const first = /[./]/.exec(key)?.[0];
  const parts = first === "." ? key.split(".").map((part) => part.replaceAll("/", ".")) : key.split("/");
  return parts.some((part) => part === "" || part === "." || part === "..") ? undefined : parts.join("/");
}

export const sysctl = mapOf(text);

/**
 * Throws if a sysctl would change the host. A network namespace with a path counts as the container's own here;
 * whoever opens it has to refuse `net.*` if it turns out to be the runtime's.
 */
export function rejectHostSysctls(spec: Spec): void {
  for (const key of Object.keys(spec.linux?.sysctl ?? {})) {
    const path = sysctlPath(key);
    if (path === undefined)
      reject("/linux/sysctl", `sysctl ${quote(key)} is not the name of a kernel parameter`);
    const problem = findProblem(spec, path, quote(key));
    if (problem !== undefined) reject("/linux/sysctl", problem);
  }
}

function findProblem(spec: Spec, path: string, name: string): string | undefined {
  const { linux } = spec;
  if (IPC_SYSCTLS.includes(path) || path.startsWith("fs/mqueue/")) {
    return findNamespace(linux, "ipc")
      ? undefined
      : `sysctl ${name} is not allowed in the hosts ipc namespace`;
  }
  if (path.startsWith("net/")) {
    return findNamespace(linux, "network")
      ? undefined
      : `sysctl ${name} not allowed in host network namespace`;
  }
  if (path.startsWith("user/")) {
    if (findNamespace(linux, "user")) return undefined;
    return `setting ucounts without a user namespace not allowed: ${name}`;
  }
  if (findNamespace(linux, "uts")) {
    if (path === "kernel/domainname" && spec.domainname === undefined) return undefined;
    if (path === "kernel/domainname" || path === "kernel/hostname") {
      const field = path.slice("kernel/".length);
      return `sysctl ${name} is not allowed as it conflicts with the OCI "${field}" field`;
    }
  }
  return `sysctl ${name} is not in a separate kernel namespace`;
}
