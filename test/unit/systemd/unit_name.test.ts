// linux.cgroupsPath with the systemd driver: units, slices, and the cgroups that result.

import { describe, expect, test } from "vitest";
import {
  cgroupName,
  escapeUnitName,
  expandSlice,
  parentSlice,
} from "../../../src/cgroups/systemd/unit/slice.ts";
import { parseCgroupsPath } from "../../../src/cgroups/systemd/unit/unit_name.ts";

describe("parseCgroupsPath", () => {
  test.each([
    // What engines write.
    ["machine.slice:libpod:0123ab", "libpod-0123ab.scope", "/machine.slice/libpod-0123ab.scope"],
    ["system.slice:docker:0123ab", "docker-0123ab.scope", "/system.slice/docker-0123ab.scope"],
    ["user.slice:libpod:0123ab", "libpod-0123ab.scope", "/user.slice/libpod-0123ab.scope"],
    [
      "kubepods-burstable-podaa_bb.slice:cri-containerd:0123ab",
      "cri-containerd-0123ab.scope",
      "/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-podaa_bb.slice/cri-containerd-0123ab.scope",
    ],
    [":runc:c1", "runc-c1.scope", "/system.slice/runc-c1.scope"],
    ["-.slice:a:b", "a-b.scope", "/a-b.scope"],
    ["a.slice::b", "b.scope", "/a.slice/b.scope"],
    ["a.slice:x:b.c", "x-b.c.scope", "/a.slice/x-b.c.scope"],
    ["a.slice:_x:b", "_x-b.scope", "/a.slice/__x-b.scope"],
  ])("%s is a scope", (cgroupsPath, name, path) => {
    expect(parseCgroupsPath(cgroupsPath, "c1", false)).toMatchObject({ name, path, kind: "scope" });
  });

  test.each([undefined, ""])("%o is our own choice", (cgroupsPath) => {
    const scope = { name: "runt-c1.scope", kind: "scope" };
    expect(parseCgroupsPath(cgroupsPath, "c1", false)).toEqual({
      ...scope,
      slice: "system.slice",
      path: "/system.slice/runt-c1.scope",
    });
    expect(parseCgroupsPath(cgroupsPath, "c1", true)).toEqual({
      ...scope,
      slice: "user.slice",
      path: "/user.slice/runt-c1.scope",
    });
    expect(parseCgroupsPath(cgroupsPath, "a+b", false).name).toBe("runt-a\\x2bb.scope");
  });

  test.each(["a-b.slice:x:a-b-c.slice", ":x:a-b-c.slice", "a-b.slice::a-b-c.slice"])(
    "%s is a slice",
    (cgroupsPath) => {
      expect(parseCgroupsPath(cgroupsPath, "c1", false)).toEqual({
        name: "a-b-c.slice",
        kind: "slice",
        slice: "a-b.slice",
        path: "/a.slice/a-b.slice/a-b-c.slice",
      });
    },
  );

  test.each(["/system.slice/c1", "c1", "a.slice:c1", "a.slice:b:c:d", "a.slice:b:", "::", "a.slice\n:b"])(
    "%j has another form",
    (cgroupsPath) => {
      const message =
        /^\/linux\/cgroupsPath: expected cgroupsPath to be of format "slice:prefix:name" for systemd cgroups, got ".*" instead/;
      expect(() => parseCgroupsPath(cgroupsPath, "c1", false)).toThrow(message);
    },
  );

  test.each([
    ["a:b:c", 'invalid slice name: "a"'],
    ["/a.slice:b:c", 'invalid slice name: "/a.slice"'],
    ["a--b.slice:b:c", 'invalid slice name: "a--b.slice"'],
    ["-a.slice:b:c", "invalid slice name"],
    ["a-.slice:b:c", "invalid slice name"],
    [".slice:b:c", "invalid slice name"],
    ["a b.slice:b:c", "invalid slice name"],
    ["a.slice:b:c/d", "cannot be the name of a systemd unit"],
    ["a.slice:b:c@d", "cannot be the name of a systemd unit"],
    ["a.slice:b:c d", "cannot be the name of a systemd unit"],
    [`a.slice:b:${"c".repeat(248)}`, "cannot be the name of a systemd unit"],
    ["b.slice:x:a-b.slice", "lies in a.slice by its name"],
    ["a.slice:x:-.slice", "lies in -.slice by its name"],
    ["::-.slice", "the root slice cannot be the cgroup of a container"],
  ])("%s is refused", (cgroupsPath, what) => {
    expect(() => parseCgroupsPath(cgroupsPath, "c1", false)).toThrow(
      `/linux/cgroupsPath: ${what}`.slice(0, 20),
    );
    expect(() => parseCgroupsPath(cgroupsPath, "c1", false)).toThrow(what);
  });

  test("the longest name", () => {
    expect(parseCgroupsPath(`a.slice:b:${"c".repeat(247)}`, "c1", false).name).toHaveLength(255);
  });
});

describe("slices", () => {
  test.each([
    ["-.slice", ""],
    ["a.slice", "/a.slice"],
    ["a-b-c.slice", "/a.slice/a-b.slice/a-b-c.slice"],
    ["a\\x2db.slice", "/a\\x2db.slice"],
  ])("%s is %s", (slice, path) => {
    expect(expandSlice(slice, "")).toBe(path);
  });

  test.each([
    ["a.slice", "-.slice"],
    ["a-b.slice", "a.slice"],
    ["a-b-c.slice", "a-b.slice"],
    ["-.slice", "-.slice"],
  ])("%s lies in %s", (slice, parent) => {
    expect(parentSlice(slice)).toBe(parent);
  });

  // cg_escape() of systemd.
  test.each([
    ["a.scope", "a.scope"],
    ["_a.scope", "__a.scope"],
    [".a.scope", "_.a.scope"],
    ["cgroup.scope", "_cgroup.scope"],
    ["memory.scope", "_memory.scope"],
    ["cpu.slice", "_cpu.slice"],
    ["cpu-1.scope", "cpu-1.scope"],
    ["memory.max.scope", "memory.max.scope"],
  ])("the cgroup of %s is %s", (unit, name) => {
    expect(cgroupName(unit)).toBe(name);
  });

  test("other characters of a name are escaped", () => {
    expect(escapeUnitName("a-b.c_d:e+f/g\xff")).toBe("a-b.c_d:e\\x2bf\\x2fg\\xff");
  });
});
