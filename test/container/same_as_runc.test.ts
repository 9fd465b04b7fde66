// What `runc spec` writes gives the same container as with runc: everything that a program can see of it.

import { execFileSync } from "node:child_process";
import * as fs from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { bundle, type Container, differs, runtime } from "./bed.ts";
import type { Config } from "./config.ts";
import { parseMountInfo } from "./mountinfo.ts";

const SCRIPT = `
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

/** The bundle of `runc spec`, with this script instead of a shell, and without limits. */
function bundleOfRuncSpec(): Container {
  const container = bundle();
  const path = join(container.dir, "config.json");
  fs.rmSync(path);
  execFileSync("runc", ["spec"], { cwd: container.dir });
  const config = JSON.parse(fs.readFileSync(path, "utf8")) as Config;
  config.process.terminal = false;
  config.process.args = ["sh", "-c", SCRIPT];
  delete config.linux.resources;
  fs.writeFileSync(path, JSON.stringify(config));
  return container;
}

interface Seen {
  readonly code: number | null;
  readonly stderr: string;
  readonly sections: Record<string, string>;
}

function seenWith(binary: string, container: Container): Seen {
  // `under` comes before the runtime, and runs another one in its place.
  const under = ["sh", "-c", 'shift; exec "$0" "$@"', binary];
  const { code, stdout, stderr } = container.callWith({ under }, "run", container.id);
  const sections = stdout.split(/^== /m).slice(1);
  return { code, stderr, sections: Object.fromEntries(sections.map((text) => halves(text))) };
}

function halves(text: string): [string, string] {
  const end = text.indexOf("\n");
  return [text.slice(0, end), text.slice(end + 1)];
}

/** Ids and device numbers are different for every container, and newer versions of runc keep masks small. */
function comparable(mountinfo = ""): string[] {
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

test(
  "the bundle of `runc spec` gives what it gives with runc",
  differs({ crun: "adds /dev/core, mounts in another way" }),
  () => {
    const container = bundleOfRuncSpec();
    const [theirs, ours] = [seenWith("runc", container), seenWith(runtime, container)];
    expect(ours.code).toBe(42);
    expect(theirs.code).toBe(42);
    expect(Object.keys(ours.sections)).toEqual(Object.keys(theirs.sections));
    for (const [name, text] of Object.entries(theirs.sections)) {
      if (name !== "mountinfo") expect(ours.sections[name], name).toBe(text);
    }
    expect(comparable(ours.sections.mountinfo)).toEqual(comparable(theirs.sections.mountinfo));
    expect(ours.stderr).toBe(theirs.stderr);
  },
);
