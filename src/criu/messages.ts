// What `criu swrk` is asked, and what it says: the messages of its images/rpc.proto that runt uses.

import { type Decoded, decodeMessage, encodeMessage, type Value } from "./protobuf.ts";

const REQUEST = { type: 1, opts: 2, notify_success: 3, keep_open: 4, features: 5 } as const;

export const REQUEST_TYPE = {
  DUMP: 1,
  RESTORE: 2,
  PRE_DUMP: 4,
  NOTIFY: 6,
  FEATURE_CHECK: 9,
  VERSION: 10,
} as const;

export type RequestType = keyof typeof REQUEST_TYPE;

const OPTION = {
  images_dir_fd: 1,
  pid: 2,
  leave_running: 3,
  ext_unix_sk: 4,
  tcp_established: 5,
  evasive_devices: 6,
  shell_job: 7,
  file_locks: 8,
  log_level: 9,
  log_file: 10,
  ps: 11,
  notify_scripts: 12,
  root: 13,
  parent_img: 14,
  track_mem: 15,
  auto_dedup: 16,
  work_dir_fd: 17,
  link_remap: 18,
  manage_cgroups: 24,
  cg_root: 25,
  rst_sibling: 26,
  inherit_fd: 27,
  manage_cgroups_mode: 34,
  external: 37,
  empty_ns: 38,
  join_ns: 39,
  freeze_cgroup: 44,
  tcp_skip_in_flight: 46,
  lazy_pages: 48,
  status_fd: 49,
  orphan_pts_master: 50,
  config_file: 51,
  tcp_close: 52,
  lsm_profile: 53,
  lsm_mount_context: 63,
  network_lock: 64,
} as const;

/** `criu_opts`, by the names that CRIU has for its fields. */
export type CriuOptions = { readonly [O in keyof typeof OPTION]?: Value | undefined };

/** `criu_cg_mode`, by the words of --manage-cgroups-mode. */
export const CGROUPS_MODE = { ignore: 0, soft: 3, full: 4, strict: 5 } as const;

export type CgroupsMode = keyof typeof CGROUPS_MODE;

/** `criu_network_lock_method` */
export const NETWORK_LOCK = { iptables: 1, nftables: 2, skip: 3 } as const;

const FEATURE = { mem_track: 1, lazy_pages: 2 } as const;

export type Feature = keyof typeof FEATURE;

export function request(type: "DUMP" | "PRE_DUMP" | "RESTORE", options: CriuOptions): string {
  return encodeMessage(REQUEST, { type: REQUEST_TYPE[type], opts: encodeMessage(OPTION, options) });
}

/** Others may follow. */
export function versionRequest(): string {
  return encodeMessage(REQUEST, { type: REQUEST_TYPE.VERSION, keep_open: true });
}

/** Others may follow. The options are required by the protocol only. */
export function featureRequest(feature: Feature): string {
  return encodeMessage(REQUEST, {
    type: REQUEST_TYPE.FEATURE_CHECK,
    keep_open: true,
    features: encodeMessage(FEATURE, { [feature]: true }),
  });
}

/** The answer to a notification: CRIU goes on, or gives up. */
export function notified(success: boolean): string {
  return encodeMessage(REQUEST, { type: REQUEST_TYPE.NOTIFY, notify_success: success });
}

export function pageServer(address: string, port: number): string {
  return encodeMessage({ address: 1, port: 2 }, { address, port });
}

/** @param ctrl the name of a hierarchy; that of version 2 is empty */
export function cgroupRoot(ctrl: string, path: string): string {
  return encodeMessage({ ctrl: 1, path: 2 }, { ctrl, path });
}

/** @param fd its number in CRIU's process */
export function inheritFd(key: string, fd: number): string {
  return encodeMessage({ key: 1, fd: 2 }, { key, fd });
}

export function joinNamespace(ns: string, path: string): string {
  return encodeMessage({ ns: 1, ns_file: 2 }, { ns, ns_file: path });
}

export interface Response {
  readonly type: number;
  readonly success: boolean;
  readonly notify: { readonly script: string; readonly pid: number } | undefined;
  /** Of the restored process. */
  readonly pid: number | undefined;
  readonly errno: number;
  /** The first error that CRIU has met. */
  readonly message: string;
  readonly features: readonly Feature[];
  /** 31700 is 3.17. */
  readonly version: number;
}

/** `criu_resp`. @returns undefined for what is none */
export function parseResponse(bytes: string): Response | undefined {
  const fields = decodeMessage(bytes);
  if (fields === undefined) return undefined;
  const notify = nested(fields, 5);
  const features = nested(fields, 8);
  const version = nested(fields, 10);
  return {
    type: integer(fields, 1) ?? 0,
    success: integer(fields, 2) === 1,
    notify: notify && { script: text(notify, 1), pid: integer(notify, 2) ?? 0 },
    pid: integer(nested(fields, 4), 1),
    errno: integer(fields, 7) ?? 0,
    message: text(fields, 9),
    features: (Object.keys(FEATURE) as Feature[]).filter((name) => integer(features, FEATURE[name]) === 1),
    version:
      (integer(version, 1) ?? 0) * 10_000 + (integer(version, 2) ?? 0) * 100 + (integer(version, 4) ?? 0),
  };
}

function nested(fields: Decoded, number: number): Decoded | undefined {
  const value = fields.get(number);
  return typeof value === "string" ? decodeMessage(value) : undefined;
}

function integer(fields: Decoded | undefined, number: number): number | undefined {
  const value = fields?.get(number);
  return typeof value === "number" ? value : undefined;
}

function text(fields: Decoded, number: number): string {
  const value = fields.get(number);
  return typeof value === "string" ? value : "";
}
