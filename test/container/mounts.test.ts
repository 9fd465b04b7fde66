// mounts: every option of the specification, seen from inside through /proc/self/mountinfo.

import { execFileSync } from "node:child_process";
import * as fs from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { bundle, differs, failure, inside } from "./bed.ts";
import { type Config, type Mount, sh, without } from "./config.ts";
import { type MountPoint, parseMountInfo } from "./mountinfo.ts";

/** The mounts at and below /m of a container with these mounts; the last one of several at one place. */
function mounted(...mounts: Mount[]): Map<string, MountPoint> {
  const text = inside("cat /proc/self/mountinfo", (config) => {
    config.root.readonly = false;
    config.mounts.push(...mounts);
  });
  const below = parseMountInfo(text).filter(({ destination }) => destination.startsWith("/m"));
  return new Map(below.map((mount) => [mount.destination, mount]));
}

function tmpfsWith(...options: string[]): MountPoint {
  const mount = mounted({ destination: "/m", type: "tmpfs", source: "tmpfs", options }).get("/m");
  if (mount === undefined) throw new Error("/m is not mounted");
  return mount;
}

/** A directory of the host that is a mount point, with another mount in `sub`. Both have a file. */
function tree(...options: string[]): string {
  const directory = fs.mkdtempSync(join(tmpdir(), "runt-source-"));
  onTestFinished(() => {
    execFileSync("umount", ["--recursive", directory]);
    fs.rmdirSync(directory);
  });
  const mount = (...args: string[]) => execFileSync("mount", args);
  const both = [directory, join(directory, "sub")];
  for (const path of both) {
    if (path !== directory) fs.mkdirSync(path);
    mount("-t", "tmpfs", "-o", "mode=755", "tmpfs", path);
  }
  for (const file of ["file", "sub/file"]) fs.writeFileSync(join(directory, file), `${file}\n`);
  if (options.length > 0) for (const path of both) mount("-o", `remount,bind,${options}`, path);
  return directory;
}

const bind = (source: string, ...options: string[]): Mount => ({ destination: "/m", source, options });

const FIRST = { crun: "version 1.8 does not let the last one win" };
const PRIVATE = { crun: "version 1.8 makes all mounts private in the end" };
const OLD_CRUN = { crun: "version 1.8 passes it to the filesystem" };

describe("an option of a mount", () => {
  test.each([
    ["ro", ["ro"]],
    ["nosuid", ["nosuid"]],
    ["nodev", ["nodev"]],
    ["noexec", ["noexec"]],
    ["noatime", ["noatime"]],
    ["nodiratime", ["nodiratime"]],
  ])("%s", (option, shown) => {
    expect(tmpfsWith(option).options).toEqual(expect.arrayContaining(shown));
  });

  test.each([
    ["ro", "rw"],
    ["nosuid", "suid"],
    ["nodev", "dev"],
    ["noexec", "exec"],
    ["noatime", "atime"],
    ["nodiratime", "diratime"],
  ])("%s, and %s after it", differs(FIRST), (set, clear) => {
    expect(tmpfsWith(set, clear).options).not.toContain(set);
  });

  test("none is read-write and relatime", () => {
    expect(tmpfsWith().options).toEqual(["rw", "relatime"]);
    expect(tmpfsWith("relatime").options).toEqual(["rw", "relatime"]);
  });

  test("defaults changes nothing", differs({ runc: "version 1.1 passes it to the filesystem" }), () => {
    expect(tmpfsWith("defaults").options).toEqual(["rw", "relatime"]);
  });

  test("strictatime", () => {
    expect(tmpfsWith("strictatime").options).toEqual(["rw"]);
  });

  test(
    "nosymfollow",
    differs({ crun: "version 1.8 passes it to the filesystem", runc: "version 1.1 lacks it" }),
    () => {
      expect(tmpfsWith("nosymfollow").options).toContain("nosymfollow");
      expect(tmpfsWith("nosymfollow", "symfollow").options).not.toContain("nosymfollow");
    },
  );

  test.each(["sync", "dirsync"])("%s, of the filesystem", (option) => {
    expect(tmpfsWith(option).superblock).toContain(option);
  });

  test("sync, and async after it", differs(FIRST), () => {
    expect(tmpfsWith("sync", "async").superblock).not.toContain("sync");
  });

  test.each(["lazytime", "nolazytime", "iversion", "noiversion", "silent", "loud"])(
    "%s is taken",
    differs(OLD_CRUN),
    (option) => {
      expect(tmpfsWith(option).type).toBe("tmpfs");
    },
  );

  test("lazytime, of the filesystem", differs({ ...OLD_CRUN, runc: "version 1.1 does not set it" }), () => {
    expect(tmpfsWith("lazytime").superblock).toContain("lazytime");
  });

  test.each(["mand", "nomand", "norelatime", "nostrictatime"])("%s is taken", (option) => {
    expect(tmpfsWith(option).type).toBe("tmpfs");
  });

  test("of the filesystem itself", () => {
    expect(tmpfsWith("size=64k", "mode=1700").superblock).toEqual(
      expect.arrayContaining(["size=64k", "mode=1700"]),
    );
  });

  test("that nothing knows is an error", () => {
    const container = bundle((config) => {
      config.mounts.push({ destination: "/tmp", type: "tmpfs", source: "tmpfs", options: ["nosuchoption"] });
    });
    expect(failure(container.run())).toMatch(/invalid argument|EINVAL/i);
  });
});

describe("a bind mount", () => {
  test("shows the source, and not what is mounted below it", () => {
    const source = tree();
    expect([...mounted(bind(source, "bind")).keys()]).toEqual(["/m"]);
  });

  test("rbind shows both", () => {
    const source = tree();
    expect([...mounted(bind(source, "rbind")).keys()]).toEqual(["/m", "/m/sub"]);
  });

  test("ro is for the mount itself", () => {
    const mounts = mounted(bind(tree(), "rbind", "ro"));
    expect(mounts.get("/m")?.options).toContain("ro");
    expect(mounts.get("/m/sub")?.options).toContain("rw");
  });

  test("ro: writing fails inside, and goes on outside", () => {
    const source = tree();
    const out = inside("cat /m/file; echo no > /m/file; cat /m/file", (config, rootfs) => {
      fs.mkdirSync(join(rootfs, "m"));
      config.mounts.push(bind(source, "bind", "ro"));
      config.process.args = sh("cat /m/file; ! (echo no > /m/file) 2> /dev/null");
    });
    expect(out).toBe("file\n");
    fs.writeFileSync(join(source, "file"), "still writable");
  });

  test(
    "ignores options of a filesystem, and says so",
    differs({ crun: "says nothing", runc: "says nothing" }),
    () => {
      const container = bundle((config, rootfs) => {
        fs.mkdirSync(join(rootfs, "m"));
        config.mounts.push(bind(tree(), "bind", "mode=700", "ro", "size=1k"));
        config.process.args = sh("stat -c %a /m; grep ' /m ' /proc/self/mountinfo");
      });
      const { code, stdout, stderr } = container.run();
      expect(stderr).toContain("a bind mount has no options of a filesystem: mode=700,size=1k is ignored");
      expect(stdout).toMatch(/^755\n.* ro/);
      expect(code).toBe(0);
    },
  );

  test("without options keeps the flags of its source", differs({ crun: "version 1.8 clears them" }), () => {
    expect(mounted(bind(tree("nosuid", "noexec"), "bind")).get("/m")?.options).toEqual(
      expect.arrayContaining(["nosuid", "noexec"]),
    );
  });

  test("nosuid, nodev and noexec", () => {
    expect(mounted(bind(tree(), "bind", "nosuid", "nodev", "noexec")).get("/m")?.options).toEqual(
      expect.arrayContaining(["nosuid", "nodev", "noexec"]),
    );
  });

  test.each([
    ["rro", "ro"],
    ["rnosuid", "nosuid"],
    ["rnodev", "nodev"],
    ["rnoexec", "noexec"],
  ])("%s is for the whole tree", (option, shown) => {
    const mounts = mounted(bind(tree(), "rbind", option));
    expect(mounts.get("/m")?.options).toContain(shown);
    expect(mounts.get("/m/sub")?.options).toContain(shown);
  });

  test("rnosymfollow is for the whole tree", differs({ crun: "lacks it" }), () => {
    const mounts = mounted(bind(tree(), "rbind", "rnosymfollow"));
    expect(mounts.get("/m/sub")?.options).toContain("nosymfollow");
  });

  test.each([
    ["rrw", "ro"],
    ["rsuid", "nosuid"],
    ["rdev", "nodev"],
    ["rexec", "noexec"],
  ])("%s clears %s of the whole tree", (option, gone) => {
    const mounts = mounted(bind(tree(gone), "rbind", option));
    expect(mounts.get("/m")?.options).not.toContain(gone);
    expect(mounts.get("/m/sub")?.options).not.toContain(gone);
  });

  test("rnoatime, rstrictatime and rrelatime", differs({ crun: "version 1.8 has them wrong" }), () => {
    expect(mounted(bind(tree(), "rbind", "rnoatime")).get("/m/sub")?.options).toContain("noatime");
    expect(mounted(bind(tree(), "rbind", "rnodiratime")).get("/m/sub")?.options).toContain("nodiratime");
    expect(mounted(bind(tree(), "rbind", "rstrictatime")).get("/m/sub")?.options).toEqual(["rw"]);
    expect(mounted(bind(tree("strictatime"), "rbind", "rrelatime")).get("/m/sub")?.options).toContain(
      "relatime",
    );
  });

  test.each(["bind", "rbind"])("of a file: %s on one that is there, and on one that is not", (option) => {
    const source = tree();
    const out = inside("cat /etc/passwd /a/b/new", (config) => {
      config.root.readonly = false;
      for (const destination of ["/etc/passwd", "/a/b/new"]) {
        config.mounts.push({ destination, source: join(source, "file"), options: [option, "ro"] });
      }
    });
    expect(out).toBe("file\nfile\n");
  });

  test("of a file in another file system's file, such as a socket", () => {
    const source = tree();
    execFileSync("mkfifo", [join(source, "fifo")]);
    expect(
      inside("stat -c %F /m", (config) => {
        config.root.readonly = false;
        config.mounts.push(bind(join(source, "fifo"), "bind"));
      }),
    ).toBe("fifo\n");
  });

  test("of a source relative to the bundle", () => {
    expect(
      inside("cat /tmp/x/mine", (config, rootfs) => {
        fs.mkdirSync(join(rootfs, "../of-bundle"));
        fs.writeFileSync(join(rootfs, "../of-bundle/mine"), "mine\n");
        config.root.readonly = false;
        config.mounts.push({ destination: "/tmp/x", source: "of-bundle", options: ["bind"] });
      }),
    ).toBe("mine\n");
  });

  test("follows a symlink in its source", () => {
    const source = tree();
    fs.symlinkSync("sub", join(source, "link"));
    expect(
      inside("cat /m/file", (config) => {
        config.root.readonly = false;
        config.mounts.push(bind(join(source, "link"), "bind"));
      }),
    ).toBe("sub/file\n");
  });

  test("of a source that does not exist names it", () => {
    const container = bundle((config) => {
      config.mounts.push(bind("/no/such/source", "bind"));
    });
    const message = failure(container.run());
    expect(message).toMatch(/no such file or directory|ENOENT/i);
    expect(message).toContain("/no/such/source");
  });

  test("of a directory on a file", () => {
    const source = tree();
    const container = bundle((config) => {
      config.mounts.push({ destination: "/etc/passwd", source, options: ["bind"] });
    });
    expect(failure(container.run())).toMatch(/not a directory|ENOTDIR/i);
  });

  test("of a directory of the container's own image", () => {
    expect(
      inside("cat /tmp/x/passwd | head -n1", (config, rootfs) => {
        config.root.readonly = false;
        config.mounts.push({ destination: "/tmp/x", source: join(rootfs, "etc"), options: ["rbind"] });
      }),
    ).toBe("root:x:0:0:root:/root:/bin/sh\n");
  });
});

describe("propagation", () => {
  const fields = (mount: MountPoint | undefined) =>
    mount?.propagation.map((field) => field.replace(/:.*/, "")) ?? "not mounted";
  const ofRoot = (rootfsPropagation: string) => {
    const text = inside("cat /proc/self/mountinfo", (config) => {
      config.linux.rootfsPropagation = rootfsPropagation;
    });
    return fields(parseMountInfo(text).find(({ destination }) => destination === "/"));
  };

  test.each([
    ["shared", ["shared"]],
    ["private", []],
    ["unbindable", ["unbindable"]],
  ])("%s", differs(PRIVATE), (option, shown) => {
    expect(fields(mounted(bind(tree(), "bind", option)).get("/m"))).toEqual(shown);
  });

  test.each([
    ["rshared", ["shared"]],
    ["rprivate", []],
    ["runbindable", ["unbindable"]],
  ])("%s is for the whole tree", differs(PRIVATE), (option, shown) => {
    const mounts = mounted(bind(tree(), "rbind", option));
    expect(fields(mounts.get("/m"))).toEqual(shown);
    expect(fields(mounts.get("/m/sub"))).toEqual(shown);
  });

  test(
    "rslave: what the host mounts later comes in, what the container mounts stays in",
    differs(PRIVATE),
    async () => {
      const source = tree();
      execFileSync("mount", ["--make-rshared", source]);
      const container = bundle((config) => {
        config.process.args = ["cat", "/proc/self/mountinfo"];
        config.root.readonly = false;
        config.mounts.push(bind(source, "rbind", "rslave"));
      });
      container.create();
      fs.mkdirSync(join(source, "later"));
      execFileSync("mount", ["-t", "tmpfs", "tmpfs", join(source, "later")]);
      const inner = parseMountInfo(fs.readFileSync(`/proc/${container.state().pid}/mountinfo`, "utf8"));
      const found = inner.find(({ destination }) => destination === "/m");
      expect(fields(found)).toEqual(["master"]);
      expect(inner.map(({ destination }) => destination)).toContain("/m/later");
    },
  );

  test("private: what the host mounts later stays out", () => {
    const source = tree();
    execFileSync("mount", ["--make-rshared", source]);
    const container = bundle((config) => {
      config.root.readonly = false;
      config.mounts.push(bind(source, "rbind", "rprivate"));
    });
    container.create();
    fs.mkdirSync(join(source, "later"));
    execFileSync("mount", ["-t", "tmpfs", "tmpfs", join(source, "later")]);
    const inner = parseMountInfo(fs.readFileSync(`/proc/${container.state().pid}/mountinfo`, "utf8"));
    expect(inner.map(({ destination }) => destination)).not.toContain("/m/later");
  });

  test.each(["slave", "rslave", "private", "rprivate"])("rootfsPropagation %s", (propagation) => {
    expect(ofRoot(propagation)).toEqual([]);
  });

  test.each([
    ["shared", ["shared"]],
    ["rshared", ["shared"]],
    ["unbindable", ["unbindable"]],
  ])(
    "rootfsPropagation %s",
    differs({ runc: "version 1.1 makes the root private" }),
    (propagation, shown) => {
      expect(ofRoot(propagation)).toEqual(shown);
    },
  );

  test("rootfsPropagation of an unknown kind is refused", differs({ crun: "ignores it" }), () => {
    const container = bundle((config) => {
      config.linux.rootfsPropagation = "sideways";
    });
    expect(failure(container.run())).not.toBe("");
  });

  test("nothing reaches the host, whose mounts are shared", () => {
    const parent = tree();
    execFileSync("mount", ["--make-rshared", parent]);
    const before = fs.readFileSync("/proc/self/mountinfo", "utf8");
    inside("true", (config, rootfs) => {
      fs.cpSync(rootfs, join(parent, "rootfs"), { recursive: true, verbatimSymlinks: true });
      config.root.path = join(parent, "rootfs");
    });
    expect(fs.readFileSync("/proc/self/mountinfo", "utf8")).toBe(before);
  });
});

describe("the list", () => {
  test("is mounted in order: a later mount hides an earlier one", () => {
    expect(
      inside("ls /tmp/a; ls /tmp", (config) => {
        const tmpfs = (destination: string) => ({ destination, type: "tmpfs", source: "tmpfs" });
        config.root.readonly = false;
        config.mounts.push(tmpfs("/tmp/a/b"), tmpfs("/tmp"), tmpfs("/tmp/a/c"));
      }),
    ).toBe("c\na\n");
  });

  test("mount points are created, in the image and in earlier mounts", () => {
    const destinations = ["/new", "/deep/er/still", "/dev/mine/too"];
    const text = inside("cat /proc/self/mountinfo; stat -c %a /deep /deep/er", (config) => {
      config.root.readonly = false;
      config.mounts.push(
        ...destinations.map((destination) => ({ destination, type: "tmpfs", source: "tmpfs" })),
      );
    });
    for (const destination of destinations) expect(text).toContain(` ${destination} `);
    expect(text).toMatch(/755\n1?755\n$/);
  });

  test("a relative destination is below the root", differs({ crun: "refuses it" }), () => {
    const text = inside("cat /proc/self/mountinfo", (config) => {
      config.mounts.push({ destination: "tmp", type: "tmpfs", source: "tmpfs" });
    });
    expect(text).toContain(" /tmp ");
  });

  test("a read-only tmpfs at /dev still gets its devices", () => {
    expect(
      inside("cat < /dev/null; ! touch /dev/x 2> /dev/null; stat -c %t:%T /dev/full", (config: Config) => {
        const dev = config.mounts.find(({ destination }) => destination === "/dev");
        dev?.options?.push("ro");
      }),
    ).toBe("1:7\n");
  });

  test("an unknown type of file system is an error", () => {
    const container = bundle((config) => {
      config.mounts.push({ destination: "/tmp", type: "nosuchfs", source: "none" });
    });
    expect(failure(container.run())).toMatch(/no such device|ENODEV/i);
  });
});

test(
  "a cgroup filesystem without a cgroup namespace leaves the flags of the host's as they are",
  differs({ runc: "mounts it anew, which sets them", crun: "mounts it anew, which sets them" }),
  () => {
    const flags = () => {
      const lines = fs.readFileSync("/proc/self/mountinfo", "utf8").split("\n");
      return lines.filter((line) => line.includes(" - cgroup2 ")).map((line) => line.split(" - ")[1]);
    };
    const before = flags();
    const seen = inside("grep ' /sys/fs/cgroup ' /proc/self/mountinfo; ls /sys/fs/cgroup", (config) => {
      without(config, "cgroup");
      config.mounts = (config.mounts ?? []).filter(({ destination }) => destination !== "/sys/fs/cgroup");
      config.mounts.push({
        destination: "/sys/fs/cgroup",
        type: "cgroup",
        source: "cgroup",
        options: ["nosuid", "noexec", "nodev", "ro"],
      });
    });
    expect(seen).toMatch(/ \/ \/sys\/fs\/cgroup ro,nosuid,nodev,noexec/);
    expect(seen).toContain("cgroup.procs");
    expect(flags()).toEqual(before);
  },
);
