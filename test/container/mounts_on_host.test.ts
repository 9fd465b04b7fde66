// Without a mount namespace the container's mounts are the host's: as long as there is the container, and no longer.

import { execFileSync } from "node:child_process";
import * as fs from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { bundle, type Container, differs, failure, inside, stopped, wording } from "./bed.ts";
import { type Config, without } from "./config.ts";

const LEAVES = { runc: "leaves them", crun: "leaves them" };

function onHost(config: Config): void {
  without(config, "mount", "cgroup");
  config.mounts = config.mounts.filter(({ type }) => type !== "cgroup");
  config.root.readonly = false;
  config.linux.maskedPaths = [];
  config.linux.readonlyPaths = [];
  config.process.args = ["sleep", "1000"];
}

const mounted = (container: Container) =>
  fs.readFileSync("/proc/self/mountinfo", "utf8").match(new RegExp(` ${container.rootfs}[/ ]`, "g"))
    ?.length ?? 0;

describe("mounts on the host", () => {
  test("are there for a created container, and go with it", differs(LEAVES), async () => {
    const container = bundle(onHost);
    const { mounts } = JSON.parse(fs.readFileSync(join(container.dir, "config.json"), "utf8")) as Config;
    container.create();
    const namespace = (pid: number | string) => fs.readlinkSync(`/proc/${pid}/ns/mnt`);
    expect(namespace(container.state().pid)).toBe(namespace("self"));
    // And the copy of the root below them.
    expect(mounted(container)).toBe(mounts.length + 1);
    container.start();
    const seen = container.call(
      "exec",
      container.id,
      "sh",
      "-c",
      "test -e /proc/self/stat && stat -f -c %T /dev/shm",
    );
    expect(seen).toMatchObject({ code: 0, stdout: "tmpfs\n" });
    container.kill("KILL");
    await stopped(container);
    container.delete();
    expect(mounted(container)).toBe(0);
  });

  test.each([["delete", "--force"]])("go with %s %s", differs(LEAVES), (...words) => {
    const container = bundle(onHost);
    container.create();
    container.call(...words, container.id);
    expect(mounted(container)).toBe(0);
  });

  test("go with a run that ends", differs(LEAVES), () => {
    let rootfs = "";
    inside("test -e /proc/self/stat", (config, path) => {
      const { args } = config.process;
      onHost(config);
      config.process.args = args;
      rootfs = path;
    });
    expect(fs.readFileSync("/proc/self/mountinfo", "utf8")).not.toContain(rootfs);
  });

  test("go with a create that fails, at any of its mounts or later", differs(LEAVES), () => {
    const failing = (edit: (config: Config) => void) => {
      const container = bundle((config) => {
        onHost(config);
        edit(config);
      });
      expect(failure(container.call("create", container.id))).not.toBe("");
      expect(mounted(container)).toBe(0);
    };
    failing(({ mounts }) => mounts.push({ destination: "/x", type: "nosuchfs", source: "x" }));
    failing(({ process }) => {
      process.args = ["/no/such/program"];
    });
  });

  test("leave a mount that was there before in its place", differs(LEAVES), () => {
    const container = bundle((config, rootfs) => {
      onHost(config);
      config.root.path = join(rootfs, "../mounted");
    });
    const path = join(container.dir, "mounted");
    fs.mkdirSync(path);
    execFileSync("mount", ["--bind", container.rootfs, path]);
    try {
      container.create();
      container.delete("--force");
      expect(fs.existsSync(join(path, "bin/busybox"))).toBe(true);
    } finally {
      execFileSync("umount", [path]);
    }
  });

  test("are refused in a user namespace, whose root may not mount there", () => {
    const container = bundle((config) => {
      onHost(config);
      config.linux.namespaces.push({ type: "user" });
      config.linux.uidMappings = [{ containerID: 0, hostID: 100000, size: 65536 }];
      config.linux.gidMappings = [{ containerID: 0, hostID: 100000, size: 65536 }];
    });
    const runt = "/mounts: unable to mount without a private MNT namespace";
    expect(failure(container.call("create", container.id))).toContain(wording("", { runt }));
  });
});
