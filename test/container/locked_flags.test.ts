// Flags of a mount that the host has set, in a user namespace: they stay where the options say nothing of them.

import { execFileSync } from "node:child_process";
import * as fs from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { differs, inside } from "./bed.ts";
import type { Config, IdMapping } from "./config.ts";

const MAP: IdMapping[] = [{ containerID: 0, hostID: 100_000, size: 65_536 }];

function ownUser(config: Config): void {
  config.linux.namespaces.push({ type: "user" });
  config.linux.uidMappings = MAP;
  config.linux.gidMappings = MAP;
}

/** A directory on a filesystem of its own, which has these options. */
function mountedWith(options: string, rootfs: string): string {
  const source = join(rootfs, "../locked");
  fs.mkdirSync(source);
  fs.mkdirSync(join(rootfs, "data"));
  execFileSync("mount", ["-t", "tmpfs", "-o", options, "locked", source]);
  onTestFinished(() => {
    execFileSync("umount", [source]);
  });
  return source;
}

test.each([
  ["bind", "ro"],
  ["rbind", "rro"],
])(
  "%s,%s adds to the flags of the host",
  differs({ runc: "1.1 is refused", crun: "1.8 drops them" }),
  (kind, option) => {
    const flags = inside("grep ' /data ' /proc/self/mountinfo | cut -d' ' -f6", (config, rootfs) => {
      ownUser(config);
      const source = mountedWith("nosuid,nodev,noexec,noatime", rootfs);
      config.mounts.push({ destination: "/data", source, options: [kind, option] });
    });
    expect(flags.trim().split(",")).toEqual(["ro", "nosuid", "nodev", "noexec", "noatime"]);
  },
);

test("read-only paths keep them too", differs({ crun: "1.8 drops them" }), () => {
  const flags = inside("grep ' /data ' /proc/self/mountinfo | tail -n1 | cut -d' ' -f6", (config, rootfs) => {
    ownUser(config);
    const source = mountedWith("nosuid,nodev,noexec", rootfs);
    config.mounts.push({ destination: "/data", source, options: ["bind"] });
    config.linux.readonlyPaths = ["/data"];
  });
  expect(flags).toMatch(/^ro,nosuid,nodev,noexec/);
});
