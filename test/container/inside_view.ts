// All that a program can see of the container that it is in, under one runtime or another.

import type { Container } from "./bed.ts";
import { parseMountInfo } from "./mountinfo.ts";

/** Prints it in sections, and ends with 42. */
export const LOOK_AROUND = `
section() { echo "== $1"; }
section mountinfo; cat /proc/self/mountinfo
section status; grep -E '^(Cap|NoNewPrivs|Seccomp|Groups|Uid|Gid|Umask|SigBlk|SigIgn|SigCgt)' /proc/self/status
section env; tr '\\0' '\\n' < /proc/self/environ
section cwd; pwd; readlink /proc/self/cwd; readlink /proc/self/root
section limits; cat /proc/self/limits; ulimit -a
section dev; for f in /dev/* /dev/pts/* /dev/shm /dev/mqueue /dev /; do stat -c '%n %A %u:%g %t:%T %N' $f; done
section root; ls -la / | awk '{ print $1, $3, $4, $9, $10, $11 }' | grep -v '^total'
section network; ip -o addr; ip route
section names; hostname; cat /proc/sys/kernel/domainname
section cgroup; cat /proc/self/cgroup | grep ^0::
section oom; cat /proc/self/oom_score_adj
section session; cut -d' ' -f4-8 /proc/1/stat
section descriptors; ls /proc/self/fd
section writable; for f in / /proc/sys/kernel/hostname /sys/kernel /dev/new; do touch $f 2> /dev/null && echo $f; done
section masked; for f in /proc/kcore /proc/keys /proc/timer_list /sys/firmware /proc/acpi; do stat -c '%n %F %t:%T' $f; done
exit 42
`;

export interface Seen {
  readonly code: number | null;
  readonly stderr: string;
  readonly sections: Readonly<Record<string, string>>;
}

/** What is seen with the runtime `binary`, of a container that looks around. */
export function seenWith(binary: string, container: Container): Seen {
  const { code, stdout, stderr } = container.callWith(instead(binary), "run", container.id);
  const sections = stdout.split(/^== /m).slice(1);
  return { code, stderr, sections: Object.fromEntries(sections.map((text) => halves(text))) };
}

/** Another runtime in the place of the one under test, which comes after `under`. */
export function instead(binary: string): { under: readonly string[] } {
  return { under: ["sh", "-c", 'shift; exec "$0" "$@"', binary] };
}

function halves(text: string): [string, string] {
  const end = text.indexOf("\n");
  return [text.slice(0, end), text.slice(end + 1)];
}

/** Ids and device numbers are different for every container, and newer versions of runc keep masks small. */
export function comparable(mountinfo = ""): string[] {
  const mounts = parseMountInfo(mountinfo);
  const at = new Map(mounts.map(({ id, destination }) => [id, destination]));
  return mounts.map(({ parent, root, destination, options, propagation, type, source, superblock }) =>
    [
      at.get(parent) ?? "outside",
      root,
      destination,
      options,
      propagation.map((field) => field.split(":")[0]),
      type,
      source,
      type === "tmpfs" && superblock.includes("ro") ? "ro" : superblock,
    ].join(" "),
  );
}
