// What a container is now, for `state` and `list`: the record on disk and one look at its process. No lock is taken.

import { readFileIfExists } from "../kernel/file.ts";
import type { ContainerRecord, Status } from "./record.ts";
import { listIds, readRecord, requireRecord, type Store, statusOf } from "./store.ts";

/** runtime.md, "State", and the fields that runc adds. */
export interface ContainerState {
  readonly ociVersion: string;
  readonly id: string;
  /** 0 when it has stopped. */
  readonly pid: number;
  readonly status: Status;
  readonly bundle: string;
  readonly rootfs: string;
  readonly created: string;
  readonly annotations?: Readonly<Record<string, string>>;
  /** Name of the user who created it, or the digits of a uid without a name. */
  readonly owner: string;
}

export function containerState(store: Store, id: string): ContainerState {
  return stateOf(store, requireRecord(store, id));
}

function stateOf(store: Store, record: ContainerRecord): ContainerState {
  const { ociVersion, id, bundle, rootfs, created, annotations, owner, init } = record;
  const status = statusOf(store, record);
  const pid = status === "stopped" ? 0 : (init?.pid ?? 0);
  return {
    ociVersion,
    id,
    pid,
    status,
    bundle,
    rootfs,
    created,
    ...(annotations && { annotations }),
    owner: userName(owner),
  };
}

function userName(uid: number): string {
  if (uid === 0) return "root";
  const lines = (readFileIfExists("/etc/passwd") ?? "").split("\n").map((line) => line.split(":"));
  return lines.find((fields) => fields[2] === String(uid))?.[0] ?? String(uid);
}

export function listContainers(store: Store): readonly ContainerState[] {
  return listIds(store).flatMap((id) => {
    // A container may be deleted while we look, or have reserved no more than its id.
    const record = readRecord(store, id);
    return record === undefined ? [] : [stateOf(store, record)];
  });
}
