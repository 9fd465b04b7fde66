// /proc/PID/mountinfo, as proc_pid_mountinfo(5) describes it.

export interface MountPoint {
  readonly id: string;
  readonly parent: string;
  readonly root: string;
  readonly destination: string;
  /** Of this mount: `ro`, `nosuid`. */
  readonly options: readonly string[];
  /** `shared:1`, `master:2`, `unbindable`. */
  readonly propagation: readonly string[];
  readonly type: string;
  readonly source: string;
  /** Of the filesystem, for all its mounts. */
  readonly superblock: readonly string[];
}

export function parseMountInfo(text: string): MountPoint[] {
  return text
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => {
      const [mount = "", filesystem = ""] = line.split(" - ");
      const [id = "", parent = "", , root = "", destination = "", options = "", ...propagation] =
        mount.split(" ");
      const [type = "", source = "", superblock = ""] = filesystem.split(" ");
      return {
        id,
        parent,
        root,
        destination,
        options: options.split(","),
        propagation: propagation.filter((field) => field !== ""),
        type,
        source,
        superblock: superblock.split(","),
      };
    });
}
