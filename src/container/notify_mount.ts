// What the caller adds to a container: descriptors of socket activation, and the proxy of sd_notify(3), by the names that
// runc gives them.

import type { Mount, Process, Spec } from "../spec/types.ts";
import type { Sources } from "./facts.ts";

/** Names in the container's state directory. */
export const NOTIFY = "notify";
export const NOTIFY_SOCKET = "notify.sock";

export function withVariables(process: Process, added: readonly string[] = [], notifies: boolean): Process {
  if (added.length === 0 && !notifies) return process;
  const { env = [] } = process;
  return {
    ...process,
    env: [...env, ...added, ...(notifies ? [`NOTIFY_SOCKET=/run/notify/${NOTIFY_SOCKET}`] : [])],
  };
}

/** @param state the container's directory, which is not there yet */
export function withNotifyMount(
  spec: Spec,
  sources: Sources,
  state: string,
): { spec: Spec; sources: Sources } {
  const path = `${state}/${NOTIFY}`;
  const options = ["bind", "nosuid", "noexec", "nodev", "ro"];
  const mount: Mount = { destination: "/run/notify", source: path, options };
  const mounts = [...(spec.mounts ?? []), mount];
  const bind = { path, isDirectory: true, inherited: sources.root.inherited };
  const all = new Map([...sources.mounts.sources, [mounts.length - 1, bind] as const]);
  return { spec: { ...spec, mounts }, sources: { ...sources, mounts: { ...sources.mounts, sources: all } } };
}
