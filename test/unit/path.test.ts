// Paths as text: inside the container, on the host, below the cgroup mount.

import { describe, expect, test } from "vitest";
import { cgroupPath, ownCgroup } from "../../src/cgroups/path.ts";
import { components, containerPath, hostPath, relative } from "../../src/rootfs/path.ts";
import { cleanInRoot } from "../../src/spec/paths.ts";

describe("a path inside the container is absolute and clean", () => {
  test.each([
    ["/", "/"],
    ["", "/"],
    [".", "/"],
    ["/a/b", "/a/b"],
    ["a/b/", "/a/b"],
    ["//a//./b", "/a/b"],
    ["/a/../b", "/b"],
    ["/a/b/../../c", "/c"],
    ["/..a/b..", "/..a/b.."],
  ])("%j", (path, clean) => {
    expect(containerPath(path)).toBe(clean);
    expect(cleanInRoot(path)).toBe(clean);
  });

  test.each([
    ["..", "/"],
    ["/../..", "/"],
    ["/a/../../b", "/b"],
  ])("%j stays at the root, and a config that says so is refused", (path, clean) => {
    expect(containerPath(path)).toBe(clean);
    expect(cleanInRoot(path)).toBe(undefined);
  });
});

test("its components, and how openat2 takes it", () => {
  expect(components(containerPath("/a/b"))).toEqual(["a", "b"]);
  expect(components(containerPath("/"))).toEqual([]);
  expect(relative(containerPath("/a/b"))).toBe("a/b");
  expect(relative(containerPath("/"))).toBe(".");
});

test("a path of the host is relative to the bundle unless it is absolute", () => {
  expect(hostPath("/bundle", "rootfs")).toBe("/bundle/rootfs");
  expect(hostPath("/bundle", "/rootfs")).toBe("/rootfs");
});

describe("cgroupsPath", () => {
  const OWN = "/user.slice/session-1.scope";
  test.each([
    [undefined, OWN, "/user.slice/id"],
    ["", OWN, "/user.slice/id"],
    [undefined, "/", "/id"],
    ["/docker/abc", OWN, "/docker/abc"],
    ["/", OWN, "/"],
    ["a/b", OWN, "/user.slice/a/b"],
    ["a/b", "/", "/a/b"],
    ["/a/../../b", OWN, "/b"],
    ["../../b", OWN, "/user.slice/b"],
    ["system.slice:docker:abc", OWN, "/user.slice/system.slice:docker:abc"],
  ])("%j in %s", (path, own, expected) => {
    expect(cgroupPath(path, "id", own)).toBe(expected);
  });
});

describe("the cgroup v2 line of /proc/self/cgroup", () => {
  test.each([
    ["0::/a/b\n", "/a/b"],
    ["12:cpu:/x\n1:name=systemd:/y\n0::/\n", "/"],
    ["12:cpu:/x\n", undefined],
    ["10::/x\n", undefined],
    ["", undefined],
  ])("%j", (text, path) => {
    expect(ownCgroup(text)).toBe(path);
  });
});
