// process: what the program of a container is given, and what run returns when it ends.

import { spawn } from "node:child_process";
import { once } from "node:events";
import * as fs from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { bundle, differs, failure, inside, type Result, running, runtime, until, wording } from "./bed.ts";
import { type CapabilitySet, type Config, type Process, sh, without } from "./config.ts";

/** A field of /proc/self/status in the container. */
function status(field: string, change: Partial<Process>): string {
  const line = inside(`grep '^${field}:' /proc/self/status`, (config) => {
    Object.assign(config.process, change, { args: config.process.args });
  });
  return line.slice(field.length + 1).trim();
}

function runs(args: string[], edit: (config: Config, rootfs: string) => void = () => {}): Result {
  const container = bundle((config, rootfs) => {
    config.process.args = args;
    edit(config, rootfs);
  });
  return container.run();
}

describe("args", () => {
  test("arrive as they are", () => {
    const args = ["", " ", "a\nb", "ä€😀", "'\"\\$x", "-c", "x".repeat(100_000)];
    const script = 'for a in "$0" "$@"; do printf "%s\\0" "$a"; done';
    const { stdout, code } = runs(["sh", "-c", script, ...args]);
    expect(code).toBe(0);
    expect(stdout.split("\0")).toEqual([...args, ""]);
  });

  test("the name of the program is what the config calls it", () => {
    expect(runs(["/bin/../bin/cat", "/proc/self/cmdline"]).stdout).toBe(
      "/bin/../bin/cat\0/proc/self/cmdline\0",
    );
  });

  test("none is an error", () => {
    expect(failure(runs([]))).toMatch(wording("args", { crun: "" }));
  });
});

const READ_ONLY = "it is the same file, through a read-only mount";

describe("the program", () => {
  test("is found in PATH of the container", () => {
    const { stdout } = runs(["mine"], (config, rootfs) => {
      fs.mkdirSync(join(rootfs, "opt"));
      fs.writeFileSync(join(rootfs, "opt/mine"), "#!/bin/sh\necho found\n", { mode: 0o755 });
      config.process.env = ["PATH=/nowhere:/opt:/bin"];
    });
    expect(stdout).toBe("found\n");
  });

  test("a file that is not executable is passed over", () => {
    const { stdout } = runs(["mine"], (config, rootfs) => {
      for (const [name, mode] of [
        ["one", 0o644],
        ["two", 0o755],
      ] as const) {
        fs.mkdirSync(join(rootfs, name));
        fs.writeFileSync(join(rootfs, name, "mine"), `#!/bin/sh\necho ${name}\n`, { mode });
      }
      config.process.env = ["PATH=/one:/two"];
    });
    expect(stdout).toBe("two\n");
  });

  test("with a slash is relative to cwd", () => {
    const { stdout } = runs(["./bin/echo", "yes"], (config) => {
      config.process.env = [];
    });
    expect(stdout).toBe("yes\n");
  });

  /** Longer than a name may be, as it comes from quoting too much. */
  const LINE = `echo ${"word ".repeat(60)}`;
  const errors = [
    ["nosuch", 'exec: "nosuch": executable file not found in $PATH', "executable file `nosuch` not found"],
    [LINE, `exec: "${LINE}": executable file not found in $PATH`, "File name too long"],
    ["/nosuch", "no such file or directory", "No such file or directory"],
    ["/etc/passwd", "permission denied", "Permission denied"],
    ["/etc", 'exec: "/etc": ', ""],
  ] as const;

  test.each(errors)("%s: the error comes from create, with runc's words", (program, runc, crun) => {
    const container = bundle((config) => {
      config.process.args = [program];
    });
    expect(failure(container.call("create", container.id))).toContain(wording(runc, { crun }));
    expect(container.call("state", container.id).code).not.toBe(0);
  });

  test("that is no program: run has an error, not a crash", () => {
    const result = runs(["/bin/text"], (_, rootfs) => {
      fs.writeFileSync(join(rootfs, "bin/text"), "no program", { mode: 0o755 });
    });
    expect(failure(result)).toMatch(/exec format error/i);
  });

  test(
    "/proc/1/exe is not the runtime's file before start",
    differs({ runc: READ_ONLY, crun: READ_ONLY }),
    () => {
      const container = bundle();
      container.create();
      const exe = fs.statSync(`/proc/${container.state().pid}/exe`);
      const binary = fs.statSync(runtime);
      expect([exe.dev, exe.ino]).not.toEqual([binary.dev, binary.ino]);
    },
  );
});

describe("cwd", () => {
  test("is where the program starts", () => {
    expect(
      inside("pwd; readlink /proc/self/cwd", (config) => {
        config.process.cwd = "/tmp";
      }),
    ).toBe("/tmp\n/tmp\n");
  });

  test("is created", () => {
    expect(
      inside("pwd; stat -c '%a %u' .", (config) => {
        config.root.readonly = false;
        config.process.cwd = "/made/for/me";
      }),
    ).toBe("/made/for/me\n755 0\n");
  });

  test("of a user who alone may enter it", () => {
    expect(
      inside("pwd", (config, rootfs) => {
        fs.mkdirSync(join(rootfs, "home/mine"), { mode: 0o700 });
        fs.chownSync(join(rootfs, "home/mine"), 1000, 1000);
        config.process.cwd = "/home/mine";
        config.process.user = { uid: 1000, gid: 1000 };
      }),
    ).toBe("/home/mine\n");
  });

  test("that is a file", () => {
    const result = runs(["true"], (config) => {
      config.process.cwd = "/etc/passwd";
    });
    expect(failure(result)).toMatch(/not a directory/i);
  });

  test("that is relative", differs({ crun: "takes it from the root" }), () => {
    const result = runs(["true"], (config) => {
      config.process.cwd = "tmp";
    });
    expect(failure(result)).toContain("bsolute");
  });

  test("cannot be outside through a descriptor of the runtime", () => {
    for (let fd = 3; fd < 12; fd++) {
      const { code } = runs(["true"], (config) => {
        config.process.cwd = `/proc/self/fd/${fd}`;
      });
      expect(code).not.toBe(0);
    }
  });
});

describe("env", () => {
  const environ = (change: Partial<Process>) => {
    const { stdout, stderr, code } = runs(["/bin/cat", "/proc/self/environ"], (config) => {
      Object.assign(config.process, change, { args: config.process.args });
    });
    if (code !== 0) throw new Error(stderr);
    return stdout.split("\0").slice(0, -1);
  };

  test("is that of the config, in its order, and HOME", () => {
    const env = ["Z=1", "A=2", "PATH=/bin", "EMPTY=", "X=a=b=c", "N=a\nb", "U=ä€😀"];
    expect(environ({ env })).toEqual([...env, "HOME=/root"]);
  });

  test("has nothing of the runtime's environment", () => {
    expect(environ({ env: [] })).toEqual(["HOME=/root"]);
  });

  test("keeps a HOME that is set", () => {
    expect(environ({ env: ["HOME=/elsewhere"] })).toEqual(["HOME=/elsewhere"]);
  });

  test("HOME is that of the user in the container's passwd", () => {
    expect(environ({ env: [], user: { uid: 65534, gid: 65534 } })).toEqual(["HOME=/home"]);
  });

  test("HOME of a user who is not in passwd is /", differs({ crun: "has no HOME then" }), () => {
    expect(environ({ env: [], user: { uid: 4711, gid: 0 } })).toEqual(["HOME=/"]);
  });
});

describe("user", () => {
  test("uid, gid and additional gids", () => {
    expect(
      inside("id -u; id -g; grep -E '^(Uid|Gid|Groups):' /proc/self/status", (config) => {
        config.process.user = { uid: 1000, gid: 1001, additionalGids: [5, 10, 2000000000] };
      }),
    ).toBe(
      "1000\n1001\nUid:\t1000\t1000\t1000\t1000\nGid:\t1001\t1001\t1001\t1001\nGroups:\t5 10 2000000000 \n",
    );
  });

  test("the caller's groups are dropped", () => {
    const container = bundle((config) => {
      config.process.args = ["/bin/grep", "^Groups", "/proc/self/status"];
    });
    const under = ["setpriv", "--groups", "7,8"];
    expect(container.callWith({ under }, "run", container.id).stdout.trim()).toBe("Groups:");
  });

  test("the largest uid", differs({ runc: "stops at 2147483647" }), () => {
    expect(status("Uid", { user: { uid: 4294967294, gid: 0 } })).toBe(Array(4).fill("4294967294").join("\t"));
  });

  test.each([-1, 4294967296, 1.5])("uid %s is refused", differs({ crun: "truncates it" }), (uid) => {
    const result = runs(["true"], (config) => {
      config.process.user.uid = uid;
    });
    expect(failure(result)).not.toBe("");
  });

  test("umask is 022, or that of the config", () => {
    expect(inside("umask")).toBe("0022\n");
    expect(status("Umask", { user: { uid: 0, gid: 0, umask: 0o27 } })).toBe("0027");
  });

  test("stdio belongs to the user", differs({ crun: "leaves the owner of files alone" }), () => {
    const container = bundle((config) => {
      config.process.args = sh("stat -L -c %u /proc/self/fd/1");
      config.process.user = { uid: 1000, gid: 1000 };
    });
    expect(container.run().stdout).toBe("1000\n");
  });
});

describe("capabilities", () => {
  const NUMBERS = { CAP_CHOWN: 0, CAP_KILL: 5, CAP_NET_BIND_SERVICE: 10, CAP_AUDIT_WRITE: 29, CAP_BPF: 39 };
  const mask = (names: (keyof typeof NUMBERS)[]) =>
    names
      .reduce((bits, name) => bits | (1n << BigInt(NUMBERS[name])), 0n)
      .toString(16)
      .padStart(16, "0");
  const FIELDS: Record<string, CapabilitySet> = {
    CapInh: "inheritable",
    CapPrm: "permitted",
    CapEff: "effective",
    CapBnd: "bounding",
    CapAmb: "ambient",
  };

  function sets(capabilities: Process["capabilities"], user = { uid: 0, gid: 0 }): Record<string, string> {
    const container = bundle((config) => {
      config.process.args = ["/bin/grep", "^Cap", "/proc/self/status"];
      config.process.user = user;
      if (capabilities === undefined) delete config.process.capabilities;
      else config.process.capabilities = capabilities;
    });
    const { stdout, stderr, code } = container.run();
    if (code !== 0) throw new Error(stderr);
    const lines = stdout
      .trim()
      .split("\n")
      .map((line) => line.split(":\t"));
    return Object.fromEntries(lines.map(([field = "", bits]) => [FIELDS[field], bits]));
  }

  test("the five sets of a user without rights", () => {
    const all: (keyof typeof NUMBERS)[] = ["CAP_CHOWN", "CAP_KILL", "CAP_NET_BIND_SERVICE"];
    const some: (keyof typeof NUMBERS)[] = ["CAP_KILL"];
    const user = { uid: 1000, gid: 1000 };
    const wanted = { bounding: all, permitted: all, effective: all, inheritable: some, ambient: some };
    // execve(2) gives a user without rights the ambient set.
    expect(sets(wanted, user)).toEqual({
      bounding: mask(all),
      permitted: mask(some),
      effective: mask(some),
      inheritable: mask(some),
      ambient: mask(some),
    });
  });

  test("of root, who gets the bounding set", () => {
    const bounding: (keyof typeof NUMBERS)[] = ["CAP_CHOWN", "CAP_BPF"];
    expect(sets({ bounding, permitted: bounding, effective: bounding })).toEqual({
      bounding: mask(bounding),
      permitted: mask(bounding),
      effective: mask(bounding),
      inheritable: mask([]),
      ambient: mask([]),
    });
  });

  test("empty sets leave nothing", () => {
    const none = mask([]);
    expect(sets({ bounding: [], permitted: [], effective: [], inheritable: [], ambient: [] })).toEqual(
      Object.fromEntries(Object.values(FIELDS).map((name) => [name, none])),
    );
  });

  test("the inheritable set of `runc spec` is empty", () => {
    expect(status("CapInh", {})).toBe(mask([]));
  });

  test("the inheritable set is empty where the config asks for none and the caller has some", () => {
    const container = bundle((config) => {
      config.process.args = ["/bin/grep", "^CapInh", "/proc/self/status"];
      delete config.process.capabilities?.inheritable;
      delete config.process.capabilities?.ambient;
    });
    const under = ["setpriv", "--inh-caps", "+chown,+kill"];
    expect(container.callWith({ under }, "run", container.id).stdout).toBe(`CapInh:\t${mask([])}\n`);
  });

  test("without capabilities in the config, a user has none", () => {
    const { effective, permitted, ambient } = sets(undefined, { uid: 1000, gid: 1000 });
    expect({ effective, permitted, ambient }).toEqual({
      effective: mask([]),
      permitted: mask([]),
      ambient: mask([]),
    });
  });

  test("an unknown one is a warning, not an error", differs({ crun: "takes it for an error" }), () => {
    const caps = ["CAP_KILL", "CAP_NO_SUCH"];
    const container = bundle((config) => {
      config.process.capabilities = { bounding: caps, permitted: caps, effective: caps };
    });
    const { code, stderr } = container.run();
    expect(code).toBe(0);
    expect(stderr).toContain("CAP_NO_SUCH");
  });
});

describe("rlimits", () => {
  test("soft and hard", () => {
    const limits = inside("grep -E 'Max (open files|core|stack|cpu)' /proc/self/limits", (config) => {
      config.process.rlimits = [
        { type: "RLIMIT_NOFILE", soft: 100, hard: 200 },
        { type: "RLIMIT_CORE", soft: 0, hard: 0 },
        { type: "RLIMIT_CPU", soft: 3600, hard: 7200 },
      ];
    });
    expect(limits).toMatch(/^Max open files +100 +200 /m);
    expect(limits).toMatch(/^Max core file size +0 +0 /m);
    expect(limits).toMatch(/^Max cpu time +3600 +7200 /m);
  });

  test(
    "without them, those of the caller",
    differs({ runc: "version 1.1 raises the soft limit of open files" }),
    () => {
      const container = bundle((config) => {
        config.process.args = sh("ulimit -Sn; ulimit -Hn");
        delete config.process.rlimits;
      });
      const under = ["prlimit", "--nofile=300:400"];
      expect(container.callWith({ under }, "run", container.id).stdout).toBe("300\n400\n");
    },
  );

  test("an unknown one is an error", () => {
    const result = runs(["true"], (config) => {
      config.process.rlimits = [{ type: "RLIMIT_NO_SUCH", soft: 1, hard: 1 }];
    });
    expect(failure(result)).toContain("RLIMIT_NO_SUCH");
  });

  test(
    "one that is there twice is an error",
    differs({ runc: "the last one wins", crun: "the last one wins" }),
    () => {
      const result = runs(["true"], (config) => {
        config.process.rlimits = [1, 2].map((n) => ({ type: "RLIMIT_NOFILE", soft: n * 100, hard: n * 100 }));
      });
      expect(failure(result)).toContain("RLIMIT_NOFILE");
    },
  );
});

describe("privileges", () => {
  test("noNewPrivileges", () => {
    expect(status("NoNewPrivs", { noNewPrivileges: true })).toBe("1");
    expect(status("NoNewPrivs", { noNewPrivileges: false })).toBe("0");
  });

  test("oomScoreAdj", () => {
    expect(
      inside("cat /proc/self/oom_score_adj", (config) => {
        config.process.oomScoreAdj = 321;
      }),
    ).toBe("321\n");
  });

  test("without oomScoreAdj, that of the caller", () => {
    const container = bundle((config) => {
      config.process.args = ["cat", "/proc/self/oom_score_adj"];
    });
    const under = ["sh", "-c", 'echo 123 > /proc/self/oom_score_adj && exec "$0" "$@"'];
    expect(container.callWith({ under }, "run", container.id).stdout).toBe("123\n");
  });

  test("the session keyring is new, or with --no-new-keyring the caller's", () => {
    // By the container's own id: the keyring of a container before it may not have been collected yet.
    const isNew = (...options: string[]) => {
      const container = bundle((config) => {
        config.process.args = ["cat", "/proc/keys"];
        delete config.linux.maskedPaths;
      });
      return container.run(...options).stdout.includes(container.id);
    };
    expect(isNew()).toBe(true);
    expect(isNew("--no-new-keyring")).toBe(false);
  });
});

describe("the exit code of run", () => {
  test.each([0, 1, 2, 63, 64, 125, 126, 127, 128, 200, 254, 255])("is that of the program: %i", (code) => {
    expect(runs(sh(`exit ${code}`)).code).toBe(code);
  });

  test.each([
    ["TERM", 15],
    ["KILL", 9],
    ["USR1", 10],
    ["SEGV", 11],
  ] as const)("is 128 + n for a program that SIG%s kills", async (signal, number) => {
    const container = bundle((config) => {
      config.process.args = ["sleep", "1000"];
      // As pid 1 of its own namespace it would ignore most signals.
      without(config, "pid");
      config.linux.maskedPaths = [];
      config.linux.readonlyPaths = [];
    });
    const run = container.callAsync("run", container.id);
    await running(container);
    container.kill(signal);
    expect((await run).code).toBe(128 + number);
  });

  test("is 1 for an error of the runtime", () => {
    expect(runs(["/nosuch"]).code).toBe(1);
  });

  test("SIGTERM to a run in the foreground reaches the program", async () => {
    const container = bundle((config) => {
      config.process.args = sh("trap 'echo got; exit 3' TERM; echo ready; while :; do sleep 0.01; done");
    });
    const child = spawn(runtime, ["--root", container.stateDir, "run", container.id], { cwd: container.dir });
    let output = "";
    child.stdout.on("data", (data: Buffer) => {
      output += data;
    });
    await until(() => output === "ready\n");
    child.kill("SIGTERM");
    const [code] = await once(child, "close");
    expect({ code, output }).toEqual({ code: 3, output: "ready\ngot\n" });
  });
});

const HOLES = "refuses a descriptor that is not open";
const STARTS = "starts it all the same";

describe("file descriptors", () => {
  const LIST = ["/bin/ls", "/proc/self/fd"];
  /** ls itself has the directory open, as the lowest number that is free. */
  const listed = (stdout: string) =>
    stdout
      .trim()
      .split("\n")
      .map(Number)
      .sort((a, b) => a - b);

  function open(...names: (string | null)[]): (number | "ignore")[] {
    return names.map((name) => (name === null ? "ignore" : fs.openSync(name, "r")));
  }

  test("are 0, 1 and 2", () => {
    expect(listed(runs(LIST).stdout)).toEqual([0, 1, 2, 3]);
  });

  test("of the caller do not get in", () => {
    const container = bundle((config) => {
      config.process.args = LIST;
    });
    const { stdout } = container.callWith({ fds: open("/", "/etc", "/sys/fs/cgroup") }, "run", container.id);
    expect(listed(stdout)).toEqual([0, 1, 2, 3]);
  });

  test(
    "of a container that create made are 0, 1 and 2, too",
    differs({ crun: "closes the others at start" }),
    async () => {
      const container = bundle((config) => {
        config.process.args = LIST;
      });
      const create = container.callWith({ fds: open("/", null, "/etc") }, "create", container.id);
      expect(create.code).toBe(0);
      const { pid } = container.state();
      const identity = (path: string) => `${fs.statSync(path).dev}:${fs.statSync(path).ino}`;
      const held = fs.readdirSync(`/proc/${pid}/fd`).map((fd) => identity(`/proc/${pid}/fd/${fd}`));
      expect(held.filter((id) => id === identity("/") || id === identity("/etc"))).toEqual([]);
      container.start();
    },
  );

  test("--preserve-fds passes them on", () => {
    const container = bundle((config) => {
      config.process.args = sh(
        "ls -l /proc/self/fd | sed -n 's/.* \\([0-9]*\\) -> .*passed.\\(.\\)$/\\1 \\2/p'; cat <&4",
      );
    });
    const fds = ["a", "b", "c"].map((name) => {
      const path = join(container.dir, `passed-${name}`);
      fs.writeFileSync(path, `content of ${name}\n`);
      return fs.openSync(path, "r");
    });
    const { stdout } = container.callWith({ fds }, "run", "--preserve-fds", "2", container.id);
    expect(stdout).toBe("3 a\n4 b\ncontent of b\n");
  });

  const withHole = (...options: string[]) => {
    const container = bundle((config) => {
      config.process.args = LIST;
    });
    return container.callWith({ fds: open("/etc", null, "/etc") }, "run", ...options, container.id);
  };

  test("--preserve-fds tolerates a hole, as Podman leaves them", differs({ runc: HOLES }), () => {
    expect(withHole("--preserve-fds", "3").code).toBe(0);
  });

  test(
    "--preserve-fds of more than there are is an error",
    differs({ crun: STARTS, runc: "names the hole" }),
    () => {
      expect(failure(withHole("--preserve-fds", "4"))).toMatch(/\b6\b/);
    },
  );
});
