// The option tmpcopyup: a tmpfs begins with what was in the directory that it covers, and the image stays as it is.

import { execFileSync, spawnSync } from "node:child_process";
import * as fs from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { bundle, differs, failure, inside } from "./bed.ts";
import type { Config, Mount } from "./config.ts";

function copied(destination: string, ...options: string[]): Mount {
  return { destination, type: "tmpfs", source: "tmpfs", options: ["tmpcopyup", ...options] };
}

/** Runs a script in a container whose /data is a copy of what `fill` puts there. */
function inCopy(script: string, fill: (data: string, config: Config) => void, ...options: string[]): string {
  return inside(script, (config, rootfs) => {
    fs.mkdirSync(join(rootfs, "data"));
    fill(join(rootfs, "data"), config);
    config.mounts.push(copied("/data", ...options));
  });
}

const KEEPS_LESS = {
  runc: "keeps neither times nor attributes nor hard links",
  crun: "keeps no times and no hard links",
};

describe("a copy", () => {
  test("is made whether the caller ignores SIGCHLD or not", () => {
    const container = bundle((config, rootfs) => {
      fs.mkdirSync(join(rootfs, "data"));
      fs.writeFileSync(join(rootfs, "data/file"), "text");
      config.mounts.push(copied("/data"));
    });
    const under = ["env", "--ignore-signal=CHLD"];
    expect(container.callWith({ under }, "create", container.id)).toEqual({
      code: 0,
      stdout: "",
      stderr: "",
    });
    container.delete("--force");
  });

  test("has files, directories and links, with modes and owners", () => {
    const script =
      "cd /data && find . ! -name . -exec stat -c '%n %A %u:%g %N' {} + | sort && cat file deep/er/file";
    const output = inCopy(script, (data) => {
      fs.mkdirSync(join(data, "deep/er"), { recursive: true });
      fs.writeFileSync(join(data, "file"), "one\n");
      fs.writeFileSync(join(data, "deep/er/file"), "two\n");
      fs.symlinkSync("/etc/passwd", join(data, "link"));
      fs.chownSync(join(data, "file"), 12, 34);
      fs.chmodSync(join(data, "file"), 0o4755);
      fs.chownSync(join(data, "deep"), 5, 6);
      fs.chmodSync(join(data, "deep"), 0o1755);
      fs.lchownSync(join(data, "link"), 7, 8);
    });
    expect(output.split("\n")).toEqual([
      "./deep drwxr-xr-t 5:6 ./deep",
      "./deep/er drwxr-xr-x 0:0 ./deep/er",
      "./deep/er/file -rw-r--r-- 0:0 ./deep/er/file",
      "./file -rwsr-xr-x 12:34 ./file",
      "./link lrwxrwxrwx 7:8 './link' -> '/etc/passwd'",
      "one",
      "two",
      "",
    ]);
  });

  test("keeps times, extended attributes, hard links and holes", differs(KEEPS_LESS), () => {
    const script =
      "cd /data && stat -c '%Y %h' a b && test a -ef b && stat -c '%s %b' hole && stat -c %Y dir";
    const output = inCopy(script, (data) => {
      fs.mkdirSync(join(data, "dir"));
      fs.writeFileSync(join(data, "a"), "x");
      fs.linkSync(join(data, "a"), join(data, "b"));
      fs.writeFileSync(join(data, "hole"), "");
      fs.truncateSync(join(data, "hole"), 1 << 30);
      fs.utimesSync(join(data, "a"), 1, 2);
      fs.utimesSync(join(data, "dir"), 3, 4);
    });
    expect(output).toBe("2 2\n2 2\n1073741824 0\n4\n");
  });

  test("keeps the capabilities of a file", differs(KEEPS_LESS), () => {
    const container = bundle((config, rootfs) => {
      fs.mkdirSync(join(rootfs, "data"));
      const file = join(rootfs, "data/ping");
      fs.writeFileSync(file, "");
      execFileSync("setcap", ["cap_net_raw+ep", file]);
      config.mounts.push(copied("/data"));
    });
    container.create();
    const copy = `/proc/${container.state().pid}/root/data/ping`;
    expect(execFileSync("getcap", [copy], { encoding: "utf8" })).toBe(`${copy} cap_net_raw=ep\n`);
  });

  test("has fifos, devices and sockets", differs({ runc: "fails at a fifo" }), () => {
    const output = inCopy("cd /data && stat -c '%n %F %t:%T' *", (data) => {
      execFileSync("mkfifo", [join(data, "fifo")]);
      execFileSync("mknod", [join(data, "null"), "c", "1", "3"]);
      // Whoever ends decently takes its socket away.
      const bind = `require("net").createServer().listen(process.argv[1], () => process.kill(process.pid, "SIGKILL"))`;
      spawnSync(process.execPath, ["-e", bind, join(data, "socket")]);
    });
    expect(output).toBe("fifo fifo 0:0\nnull character special file 1:3\nsocket socket 0:0\n");
  });

  test("is as open as the directory", differs({ crun: "is always open to all" }), () => {
    const output = inCopy("stat -c %a /data", (data) => fs.chmodSync(data, 0o750));
    expect(output).toBe("750\n");
  });

  test("is as open as the options say", differs({ runc: "goes by the directory" }), () => {
    const output = inCopy("stat -c %a /data", (data) => fs.chmodSync(data, 0o750), "mode=1777");
    expect(output).toBe("1777\n");
  });

  test("is not the image's", () => {
    let file = "";
    const output = inCopy("echo two > /data/file; cat /data/file", (data) => {
      file = join(data, "file");
      fs.writeFileSync(file, "one\n");
    });
    expect(output).toBe("two\n");
    expect(fs.readFileSync(file, "utf8")).toBe("one\n");
  });

  test("can be read-only", () => {
    const output = inCopy(
      "cat /data/file; touch /data/new 2>/dev/null || echo no",
      (data) => {
        fs.writeFileSync(join(data, "file"), "one\n");
      },
      "ro",
    );
    expect(output).toBe("one\nno\n");
  });

  test("of a directory that is missing is empty", () => {
    const output = inside("ls -A /missing; stat -f -c %T /missing", (config) => {
      config.mounts.push(copied("/missing"));
    });
    expect(output).toBe("tmpfs\n");
  });

  test("has what was mounted there before", () => {
    const output = inside("cat /data/sub/file /again/file", (config, rootfs) => {
      fs.mkdirSync(join(rootfs, "../volume"));
      fs.writeFileSync(join(rootfs, "../volume/file"), "volume\n");
      for (const destination of ["/data/sub", "/again"])
        config.mounts.push({ destination, source: "volume", options: ["bind"] });
      config.mounts.push(copied("/data"), copied("/again"));
    });
    expect(output).toBe("volume\nvolume\n");
  });

  test("in a user namespace belongs to the container's users", () => {
    const output = inside(
      "stat -c '%n %u:%g' /data/*; test -w /data/file && echo writable",
      (config, rootfs) => {
        const map = { containerID: 0, hostID: 100_000, size: 65_536 };
        config.linux.namespaces.push({ type: "user" });
        config.linux.uidMappings = [map];
        config.linux.gidMappings = [map];
        fs.mkdirSync(join(rootfs, "data/own"), { recursive: true });
        fs.writeFileSync(join(rootfs, "data/file"), "");
        fs.chownSync(join(rootfs, "data/own"), 101_000, 100_000);
        fs.chownSync(join(rootfs, "data/file"), 100_000, 100_000);
        config.mounts.push(copied("/data"));
      },
    );
    expect(output).toBe("/data/file 0:0\n/data/own 1000:0\nwritable\n");
  });
});

describe("an image cannot lead the copy astray", () => {
  test("by links", () => {
    const canary = "/tmp/runt-canary";
    fs.writeFileSync(canary, "host\n");
    const output = inCopy(
      `cat /data/file /data/directory/x 2>/dev/null; cat /data/own; readlink /data/file`,
      (data) => {
        fs.symlinkSync(canary, join(data, "file"));
        fs.symlinkSync("/tmp", join(data, "directory"));
        fs.writeFileSync(join(data, "own"), "image\n");
      },
    );
    fs.rmSync(canary);
    expect(output).toBe(`image\n${canary}\n`);
  });

  test("by a link in place of the directory", () => {
    const output = inside("cat /data/file; cat /real/file", (config, rootfs) => {
      fs.mkdirSync(join(rootfs, "real"));
      fs.writeFileSync(join(rootfs, "real/file"), "real\n");
      fs.symlinkSync("/real", join(rootfs, "data"));
      config.mounts.push(copied("/data"));
    });
    expect(output).toBe("real\nreal\n");
  });

  test(
    "by being deeper than there are descriptors",
    differs({ runc: "works by paths", crun: "recurses" }),
    () => {
      const container = bundle((config, rootfs) => {
        let path = join(rootfs, "data");
        for (let depth = 0; depth < 700; depth++) path += "/d";
        fs.mkdirSync(path, { recursive: true });
        config.mounts.push(copied("/data"));
      });
      expect(
        failure(container.callWith({ under: ["prlimit", "--nofile=100"] }, "run", container.id)),
      ).toContain("EMFILE");
    },
  );
});

describe("an error", () => {
  test(
    "names the file, where the tmpfs is full",
    differs({ runc: "other words", crun: "other words" }),
    () => {
      const container = bundle((config, rootfs) => {
        fs.mkdirSync(join(rootfs, "data"));
        fs.writeFileSync(join(rootfs, "data/large"), Buffer.alloc(1 << 20, "x"));
        config.mounts.push(copied("/data", "size=64k"));
      });
      expect(failure(container.run())).toMatch(/\/mounts\/\d+: copy large: ENOSPC/);
    },
  );

  test("is a filesystem that is no tmpfs", differs({ runc: "ignores the option" }), () => {
    const container = bundle((config) => {
      config.mounts.push({ destination: "/x", type: "ramfs", source: "x", options: ["tmpcopyup"] });
    });
    expect(failure(container.run())).toContain("tmpcopyup");
  });
});
