// The root filesystem: devices, protected paths, and what an image with evil symlinks cannot do.

import { execFileSync } from "node:child_process";
import * as fs from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { bundle, differs, failure, inside } from "./bed.ts";
import { type Config, type Mount, sh, without } from "./config.ts";
import { parseMountInfo } from "./mountinfo.ts";

/** A directory of the host that no container may reach. It has to be the same after the test. */
function canary(): string {
  const directory = fs.mkdtempSync(join(tmpdir(), "runt-canary-"));
  fs.writeFileSync(join(directory, "ptmx"), "not yours\n");
  fs.chownSync(join(directory, "ptmx"), 12345, 12345);
  const look = () =>
    fs.readdirSync(directory).map((name) => {
      const { mode, uid, size } = fs.lstatSync(join(directory, name));
      return { name, mode, uid, size };
    });
  const before = look();
  onTestFinished(() => {
    const after = look();
    fs.rmSync(directory, { recursive: true });
    expect(after).toEqual(before);
  });
  return directory;
}

/** Two ways to say the same place: from the root, and up from wherever the link is. */
const WAYS = [
  ["an absolute symlink", (path: string) => path],
  ["a relative symlink", (path: string) => `../../../../../../../../../..${path}`],
] as const;

function replaceByLink(path: string, target: string): void {
  fs.rmSync(path, { recursive: true, force: true });
  fs.mkdirSync(join(path, ".."), { recursive: true });
  fs.symlinkSync(target, path);
}

const tmpfs = (destination: string): Mount => ({ destination, type: "tmpfs", source: "tmpfs" });

describe("an image with a symlink to the outside", () => {
  describe.each(WAYS)("%s", (_, link) => {
    test.each<[string, Mount]>([
      ["a tmpfs", tmpfs("/evil/dir")],
      ["a bind mount of a directory", { destination: "/evil/dir", source: "/proc", options: ["bind"] }],
      ["a bind mount of a file", { destination: "/evil/file", source: "/etc/passwd", options: ["bind"] }],
    ])("as the parent of %s stays inside, or is refused", (_, mount) => {
      const outside = canary();
      const container = bundle((config, rootfs) => {
        replaceByLink(join(rootfs, "evil"), link(outside));
        config.root.readonly = false;
        config.mounts.push(mount);
      });
      container.run();
      expect(fs.readdirSync(outside)).toEqual(["ptmx"]);
    });

    test(
      "as /dev changes nothing outside",
      differs({ runc: "CVE-2026-41579", crun: "CVE-2026-47766" }),
      () => {
        const outside = canary();
        const container = bundle((config, rootfs) => {
          replaceByLink(join(rootfs, "dev"), link(outside));
          config.root.readonly = false;
          config.mounts = config.mounts.filter(({ destination }) => !destination.startsWith("/dev"));
        });
        container.run();
        expect(fs.readdirSync(outside)).toEqual(["ptmx"]);
      },
    );

    test("as the working directory creates nothing outside", () => {
      const outside = canary();
      const container = bundle((config, rootfs) => {
        replaceByLink(join(rootfs, "evil"), link(outside));
        config.root.readonly = false;
        config.process.cwd = "/evil/made";
      });
      container.run();
      expect(fs.readdirSync(outside)).toEqual(["ptmx"]);
    });

    test("as the parent of a device creates nothing outside", () => {
      const outside = canary();
      const container = bundle((config, rootfs) => {
        replaceByLink(join(rootfs, "evil"), link(outside));
        config.root.readonly = false;
        config.linux.devices = [{ type: "c", path: "/evil/null", major: 1, minor: 3 }];
      });
      container.run();
      expect(fs.readdirSync(outside)).toEqual(["ptmx"]);
    });

    test("as a masked or read-only path masks nothing outside", () => {
      const outside = canary();
      const container = bundle((config, rootfs) => {
        replaceByLink(join(rootfs, "evil"), link(join(outside, "ptmx")));
        config.linux.maskedPaths = ["/evil"];
        config.linux.readonlyPaths = ["/evil"];
      });
      container.run();
      expect(fs.readFileSync(join(outside, "ptmx"), "utf8")).toBe("not yours\n");
    });
  });

  test.each(["proc", "sys"])("/%s as a symlink is refused", (name) => {
    const container = bundle((_, rootfs) => {
      fs.mkdirSync(join(rootfs, "other"));
      replaceByLink(join(rootfs, name), "other");
    });
    expect(failure(container.run())).not.toBe("");
  });

  test("a symlink inside the image is followed", () => {
    const text = inside("cat /proc/self/mountinfo", (config, rootfs) => {
      fs.mkdirSync(join(rootfs, "real"));
      fs.symlinkSync("/real", join(rootfs, "link"));
      config.root.readonly = false;
      config.mounts.push(tmpfs("/link/below"));
    });
    expect(text).toContain(" /real/below ");
  });

  test("a symlink that loops is refused", () => {
    const container = bundle((config, rootfs) => {
      fs.symlinkSync("loop", join(rootfs, "loop"));
      config.root.readonly = false;
      config.mounts.push(tmpfs("/loop/x"));
    });
    expect(failure(container.run())).not.toBe("");
  });
});

describe("mounts over /proc", () => {
  test.each(["/proc/self/attr", "/proc/sys/kernel/core_pattern", "/proc/sysrq-trigger"])(
    "%s is refused",
    differs({ crun: "has no such rule" }),
    (destination) => {
      const container = bundle((config) => {
        config.mounts.push({ destination, source: "/etc/hostname", options: ["bind"] });
      });
      expect(failure(container.run())).not.toBe("");
    },
  );

  test("/proc/uptime may be replaced, as lxcfs does", () => {
    expect(
      inside("cat /proc/uptime", (config, rootfs) => {
        fs.writeFileSync(join(rootfs, "../uptime"), "1.00 2.00\n");
        config.mounts.push({ destination: "/proc/uptime", source: "uptime", options: ["bind"] });
      }),
    ).toBe("1.00 2.00\n");
  });

  test(
    "a directory that looks like procfs is refused as /proc",
    differs({ crun: "has no such rule" }),
    () => {
      const container = bundle((config, rootfs) => {
        const fake = join(rootfs, "../fake");
        fs.mkdirSync(join(fake, "self/attr"), { recursive: true });
        config.mounts = config.mounts.filter(({ destination }) => destination !== "/proc");
        config.mounts.push({ destination: "/proc", source: fake, options: ["bind"] });
      });
      expect(failure(container.run())).not.toBe("");
    },
  );
});

describe("devices", () => {
  test("the default ones", () => {
    const names = ["null", "zero", "full", "random", "urandom", "tty"];
    const lines = inside(`stat -c '%n %A %u:%g %t:%T' ${names.map((name) => `/dev/${name}`).join(" ")}`);
    expect(lines.trim().split("\n")).toEqual([
      "/dev/null crw-rw-rw- 0:0 1:3",
      "/dev/zero crw-rw-rw- 0:0 1:5",
      "/dev/full crw-rw-rw- 0:0 1:7",
      "/dev/random crw-rw-rw- 0:0 1:8",
      "/dev/urandom crw-rw-rw- 0:0 1:9",
      "/dev/tty crw-rw-rw- 0:0 5:0",
    ]);
  });

  test("the symlinks", () => {
    const names = ["fd", "stdin", "stdout", "stderr", "ptmx"];
    expect(inside(names.map((name) => `readlink /dev/${name}`).join("; "))).toBe(
      "/proc/self/fd\n/proc/self/fd/0\n/proc/self/fd/1\n/proc/self/fd/2\npts/ptmx\n",
    );
  });

  test("of the config", differs({ crun: "version 1.8 gives all of them to root" }), () => {
    const shown = inside("stat -c '%n %A %u:%g %t:%T' /dev/mine /dev/sub/block /dev/fifo", (config) => {
      config.linux.devices = [
        { type: "c", path: "/dev/mine", major: 1, minor: 5, fileMode: 0o640, uid: 7, gid: 8 },
        { type: "b", path: "/dev/sub/block", major: 7, minor: 300 },
        { type: "p", path: "/dev/fifo", fileMode: 0o600 },
      ];
    });
    expect(shown.trim().split("\n")).toEqual([
      "/dev/mine crw-r----- 7:8 1:5",
      "/dev/sub/block brw-rw-rw- 0:0 7:12c",
      "/dev/fifo prw------- 0:0 0:0",
    ]);
  });

  test("of the config may be outside /dev", () => {
    expect(
      inside("stat -c '%t:%T' /else/where", (config) => {
        config.root.readonly = false;
        config.linux.devices = [{ type: "c", path: "/else/where", major: 1, minor: 3 }];
      }),
    ).toBe("1:3\n");
  });

  test(
    "of the config come before the default ones",
    differs({ crun: "version 1.8 keeps the default", runc: "version 1.1 cannot use it then" }),
    () => {
      expect(
        inside("stat -c '%a %u' /dev/null", (config) => {
          config.linux.devices = [
            { type: "c", path: "/dev/null", major: 1, minor: 3, fileMode: 0o600, uid: 5 },
          ];
        }),
      ).toBe("600 5\n");
    },
  );

  test("are not made where /dev is the host's", () => {
    const source = fs.mkdtempSync(join(tmpdir(), "runt-dev-"));
    onTestFinished(() => fs.rmSync(source, { recursive: true }));
    execFileSync("mknod", [join(source, "null"), "c", "1", "3"]);
    inside("true", (config) => {
      config.mounts = config.mounts.filter(({ destination }) => !destination.startsWith("/dev"));
      config.mounts.push({ destination: "/dev", source, options: ["bind"] });
      config.process.args = sh("exit 0");
    });
    expect(fs.readdirSync(source)).toEqual(["null"]);
  });

  test("without a mount at /dev are in the image", () => {
    expect(
      inside("stat -c '%t:%T' /dev/null", (config) => {
        config.root.readonly = false;
        config.mounts = config.mounts.filter(({ destination }) => !destination.startsWith("/dev"));
      }),
    ).toBe("1:3\n");
  });
});

describe("masked paths", () => {
  const withSecrets = (config: Config, rootfs: string) => {
    fs.mkdirSync(join(rootfs, "secret"));
    fs.writeFileSync(join(rootfs, "secret/file"), "secret");
    fs.writeFileSync(join(rootfs, "secret-file"), "secret");
    config.root.readonly = false;
    config.linux.maskedPaths = ["/secret", "/secret-file", "/no/such"];
  };

  test("a directory is empty and read-only", () => {
    expect(inside("ls /secret; ! touch /secret/x 2> /dev/null", withSecrets)).toBe("");
  });

  test("a file is the null device", () => {
    expect(inside("cat /secret-file; stat -c '%t:%T' /secret-file", withSecrets)).toBe("1:3\n");
  });

  test(
    "below a file is passed over, as it hides nothing",
    differs({ runc: "version 1.1 refuses it", crun: "refuses it" }),
    () => {
      inside("true", (config) => {
        config.linux.maskedPaths = ["/etc/passwd/below"];
      });
    },
  );

  test("of `runc spec`", () => {
    expect(inside("cat /proc/kcore /proc/keys; ls /proc/scsi /sys/firmware; true", () => {})).toMatch(
      /^(\/\S+:\n|\n)*$/,
    );
  });
});

describe("read-only paths", () => {
  test("a directory and a file", () => {
    const script =
      "for f in /dir/x /dir/file /file; do (echo x > $f) 2> /dev/null && exit 1; done; echo x > /free";
    inside(script, (config, rootfs) => {
      fs.mkdirSync(join(rootfs, "dir"));
      for (const file of ["dir/file", "file"]) fs.writeFileSync(join(rootfs, file), "");
      config.root.readonly = false;
      config.linux.readonlyPaths = ["/dir", "/file", "/no/such"];
    });
  });

  test("keep the flags of their mount", differs({ crun: "version 1.8 clears them" }), () => {
    const text = inside("cat /proc/self/mountinfo", (config) => {
      config.mounts.push({ ...tmpfs("/tmp"), options: ["nosuid", "nodev", "noexec"] });
      config.linux.readonlyPaths = ["/tmp"];
    });
    const mount = parseMountInfo(text).findLast(({ destination }) => destination === "/tmp");
    expect(mount?.options).toEqual(expect.arrayContaining(["ro", "nosuid", "nodev", "noexec"]));
  });
});

describe("the root", () => {
  test("readonly", () => {
    inside("! touch /x 2> /dev/null", (config) => {
      config.root.readonly = true;
    });
  });

  test("is writable otherwise", () => {
    const container = bundle((config) => {
      config.process.args = ["touch", "/x"];
      config.root.readonly = false;
    });
    expect(container.run().code).toBe(0);
    expect(fs.existsSync(join(container.rootfs, "x"))).toBe(true);
  });

  test.each([
    ["with pivot_root", []],
    ["--no-pivot", ["--no-pivot"]],
  ])("%s: nothing of the host can be seen", (_, options) => {
    const container = bundle((config) => {
      config.process.args = sh("ls /; cat /proc/self/mountinfo | cut -d' ' -f5");
    });
    const { code, stdout, stderr } = container.run(...options);
    expect(code, stderr).toBe(0);
    expect(
      stdout
        .split("/\n")[0]
        ?.split("\n")
        .filter((name) => name !== "")
        .sort(),
    ).toEqual(fs.readdirSync(container.rootfs).sort());
    if (options.length === 0) expect(stdout).not.toContain(container.dir);
  });

  test("may be absolute", () => {
    inside("test -e /etc/passwd", (config, rootfs) => {
      config.root.path = rootfs;
    });
  });

  test.each([
    ["does not exist", "nonexistent"],
    ["is a file", "config.json"],
  ])("that %s is refused", (_, path) => {
    const container = bundle((config) => {
      config.root.path = path;
    });
    expect(failure(container.run())).not.toBe("");
  });

  test(
    "of the host is possible without a mount namespace",
    differs({ crun: "mounts on the host", runc: "version 1.1 wants /proc" }),
    () => {
      const before = fs.readFileSync("/proc/self/mountinfo", "utf8");
      const out = inside("ls /etc/passwd", (config) => {
        without(config, "mount");
        config.mounts = [];
        config.root.readonly = false;
        config.linux.maskedPaths = [];
        config.linux.readonlyPaths = [];
      });
      expect(out).toBe("/etc/passwd\n");
      expect(fs.readFileSync("/proc/self/mountinfo", "utf8")).toBe(before);
    },
  );
});
