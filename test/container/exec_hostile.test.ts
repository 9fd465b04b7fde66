// exec into a container that waits for it: what is in there must get hold of nothing of the host's, and of no process
// that may do more than its own.

import { execFileSync, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import * as fs from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, onTestFinished, test } from "vitest";
import { bundle, type Container, differs, failure, type Result, runtime, until } from "./bed.ts";
import { ofRunt } from "./cgroup.ts";
import { type Config, sh, without } from "./config.ts";

const RUNT = ofRunt("how it is kept is our own matter");
const IDS = [{ containerID: 0, hostID: 100_000, size: 65_536 }];

function waiting(edit: (config: Config, rootfs: string) => void = () => {}): Container {
  const container = bundle((config, rootfs) => {
    config.process.args = sh("while :; do sleep 1000; done");
    config.root.readonly = false;
    edit(config, rootfs);
  });
  container.create();
  container.start();
  return container;
}

function printed({ id, call }: Container, script: string): string {
  const { stdout, stderr, code } = call("exec", id, ...sh(script));
  expect({ stderr, code }).toEqual({ stderr: "", code: 0 });
  return stdout;
}

interface Held {
  /** In the container. */
  readonly pid: string;
  readonly runtime: number;
  go(): Promise<number | null>;
}

/** An exec whose process has come into the container, and is kept before its execve: the pid file blocks. */
async function held(container: Container, ...args: string[]): Promise<Held> {
  const fifo = join(container.dir, "pid.new");
  fs.rmSync(fifo, { force: true });
  execFileSync("mkfifo", [fifo]);
  const command = [
    "--root",
    container.stateDir,
    "exec",
    "--pid-file",
    join(container.dir, "pid"),
    container.id,
  ];
  const child = spawn(runtime, [...command, ...args], { stdio: ["ignore", "ignore", "inherit"] });
  onTestFinished(() => void child.kill("SIGKILL"));
  const ended = once(child, "close");
  // Others run containers too, whom one without a pid namespace sees.
  const parent = `^PPid:[^0-9]*\\(0\\|${child.pid}\\)$`;
  const isIt = `grep -q '^runt init' $p/cmdline && grep -q '${parent}' $p/status`;
  const find = `for p in /proc/[0-9]*; do ${isIt} && basename $p; done 2> /dev/null; true`;
  let pid = "";
  await until(() => {
    pid = printed(container, find).trim();
    return pid !== "";
  });
  return {
    pid,
    runtime: child.pid ?? 0,
    async go() {
      const fd = fs.openSync(fifo, "r");
      const [code] = await ended;
      fs.closeSync(fd);
      return code as number | null;
    },
  };
}

function compiled(program: string, rootfs: string): void {
  const source = fileURLToPath(new URL(`${program}.c`, import.meta.url));
  execFileSync("cc", ["-static", "-o", join(rootfs, "bin", program), source]);
}

/** A program for the container that takes hold of a process in every way that there is. */
function withReach(rootfs: string): void {
  compiled("reach", rootfs);
}

function grant(config: Config, ...names: string[]): void {
  for (const set of ["bounding", "effective", "permitted"] as const) {
    config.process.capabilities?.[set]?.push(...names);
  }
}

const WAYS = [
  "readlink /proc/PID/exe",
  "cat /proc/PID/exe",
  "echo > /proc/PID/exe",
  "cat < /proc/PID/mem",
  "echo > /proc/PID/mem",
  "cat /proc/PID/maps",
  "cat /proc/PID/environ",
  "cat /proc/PID/auxv",
  "readlink /proc/PID/fd/0",
  "readlink /proc/PID/fd/3",
  "[ -e /proc/PID/root/bin ]",
  "[ -e /proc/PID/cwd/bin ]",
  'ls /proc/PID/map_files/ | grep "-"',
];

/** Those of WAYS that are open, and those of reach.c. */
function open(container: Container, pid: string): string {
  const tries = WAYS.map((way) => `(${way.replaceAll("PID", pid)}) > /dev/null 2>&1 && echo '${way}'`);
  return printed(container, `${tries.join("; ")}; reach ${pid}`);
}

const CONTAINERS: Record<string, (config: Config) => void> = {
  root: () => {},
  "another user": (config) => {
    config.process.user = { uid: 1000, gid: 1000 };
  },
  "all pids of the host": (config) => without(config, "pid"),
  "root of a user namespace with CAP_SYS_PTRACE": (config) => {
    config.linux.namespaces.push({ type: "user" });
    config.linux.uidMappings = IDS;
    config.linux.gidMappings = IDS;
    grant(config, "CAP_SYS_PTRACE");
  },
};

describe("a process before its execve", RUNT, () => {
  test.each(Object.entries(CONTAINERS))("is out of reach of %s", async (_, edit) => {
    const container = waiting((config, rootfs) => {
      withReach(rootfs);
      edit(config);
    });
    const { pid, go } = await held(container, "true");
    expect(open(container, pid)).toBe("");
    expect(await go()).toBe(0);
    container.kill("KILL");
  });

  test("has nothing that who traces it has not, where CAP_SYS_PTRACE is granted", async () => {
    const container = waiting((config) => grant(config, "CAP_SYS_PTRACE"));
    const { pid, go } = await held(container, "true");
    const ids = `grep -E '^(Uid|Gid|Groups|Cap|NoNewPrivs|Seccomp:)' /proc/PID/status`;
    expect(printed(container, ids.replace("PID", pid))).toBe(printed(container, ids.replace("PID", "self")));
    expect(printed(container, `readlink /proc/${pid}/exe`)).toContain("memfd:runt-init");
    // Sealed, so that nobody writes what the next container runs.
    expect(printed(container, `(echo > /proc/${pid}/exe) 2>&1; true`)).toMatch(/denied|busy|not permitted/i);
    expect(printed(container, `readlink /proc/${pid}/root; readlink /proc/${pid}/cwd`)).toBe("/\n/\n");
    const links = printed(
      container,
      `for fd in 3 4 5 6 7 8 9 10 11 12; do readlink /proc/${pid}/fd/$fd; done; true`,
    );
    expect(links).toMatch(/^socket:\[\d+\]\n$/);
    expect(await go()).toBe(0);
  });

  test("shares no memory with the process that has cloned it, which goes on beside it", async () => {
    const { runtime, go } = await held(waiting(), "true");
    // The one that has cloned it may have ended meanwhile.
    const children = fs.readFileSync(`/proc/${runtime}/task/${runtime}/children`, "utf8").trim().split(" ");
    const maps = children.map((pid) => fs.readFileSync(`/proc/${pid}/maps`, "utf8")).join("");
    expect(maps).toContain("/memfd:program");
    expect(maps).not.toMatch(/ ...s /);
    expect(await go()).toBe(0);
  });

  test("and whatever else comes in is never the runtime itself", async () => {
    const container = waiting((config) => grant(config, "CAP_SYS_PTRACE"));
    const spy =
      "while [ ! -e /tmp/stop ]; do for p in /proc/[0-9]*; do readlink $p/exe; done; done | sort -u";
    const seen = container.callAsync("exec", container.id, ...sh(`touch /tmp/spying; ${spy}`));
    await until(() => fs.existsSync(join(container.rootfs, "tmp/spying")));
    for (let i = 0; i < 40; i++) printed(container, "true");
    printed(container, "touch /tmp/stop");
    const { stdout } = await seen;
    const allowed = /^(\/bin\/busybox|\/memfd:runt-init \(deleted\)|)$/;
    expect(stdout.split("\n").filter((link) => !allowed.test(link))).toEqual([]);
    expect(stdout).toContain("/bin/busybox");
  });

  test("ends with the runtime", async () => {
    const container = waiting();
    const { pid, runtime } = await held(container, "true");
    process.kill(runtime, "SIGKILL");
    await until(
      () => printed(container, `[ -e /proc/${pid}/stat ] && grep -v ' Z ' /proc/${pid}/stat; true`) === "",
    );
  });

  test("does not keep the container from being deleted", async () => {
    const container = waiting();
    const { go } = await held(container, "sleep", "1000");
    const deleted = container.callAsync("delete", "--force", container.id);
    expect(await go()).not.toBe(0);
    expect(await deleted).toMatchObject({ code: 0, stderr: "" });
  });
});

test(
  "a container that joins another one's user and pid namespace is out of its reach until its execve",
  RUNT,
  () => {
    const first = waiting((config, rootfs) => {
      withReach(rootfs);
      CONTAINERS["root of a user namespace with CAP_SYS_PTRACE"]?.(config);
    });
    const { pid } = first.state();
    const second = bundle((config) => {
      config.linux.namespaces = config.linux.namespaces.filter(({ type }) => type !== "pid");
      for (const type of ["user", "pid"])
        config.linux.namespaces.push({ type, path: `/proc/${pid}/ns/${type}` });
      config.linux.uidMappings = IDS;
      config.linux.gidMappings = IDS;
      config.process.args = ["sleep", "1000"];
    });
    second.create();
    const find =
      "for p in /proc/[0-9]*; do grep -q '^runt init' $p/cmdline && basename $p; done 2> /dev/null; true";
    const stage = printed(first, find).trim();
    expect(stage).toMatch(/^\d+$/);
    expect(open(first, stage)).toBe("");
  },
);

describe("descriptors of the caller", () => {
  const NUMBERS = Array.from({ length: 12 }, (_, index) => index + 3);

  test(
    "are no way out: as working directory or in the path of the program",
    differs({ crun: "takes its own for one" }),
    () => {
      const container = waiting();
      const fd = fs.openSync("/", "r");
      const fds = Array.from({ length: 6 }, () => fd);
      for (const number of NUMBERS) {
        const path = `/proc/self/fd/${number}`;
        for (const args of [
          ["--cwd", path, container.id, "ls"],
          [container.id, `${path}/bin/ls`],
        ]) {
          expect(failure(container.callWith({ fds }, "exec", ...args))).not.toBe("");
        }
      }
      fs.closeSync(fd);
    },
  );
});

describe(
  "a container whose files are not what they were",
  ofRunt("runc and crun wait for a fifo, and read what a link names"),
  () => {
    const works = (container: Container) => expect(printed(container, "echo fine")).toBe("fine\n");

    test("has no /proc", () => {
      works(
        waiting((config) => {
          config.mounts = config.mounts.filter(({ destination }) => !destination.startsWith("/proc"));
          config.linux.maskedPaths = [];
          config.linux.readonlyPaths = [];
        }),
      );
    });

    test("has covered /proc, /dev and /sys", () => {
      const container = waiting((config) => grant(config, "CAP_SYS_ADMIN"));
      printed(container, "for d in proc dev sys; do mount -t tmpfs none /$d || exit 1; done");
      works(container);
      expect(failure(container.call("exec", "--tty", container.id, "true"))).toContain("dev/pts");
    });

    test.each([
      ["a fifo", "mkfifo /etc/passwd"],
      ["a directory", "mkdir /etc/passwd"],
      ["a link to itself", "ln -s passwd /etc/passwd"],
      ["a link to memory", "ln -s /proc/self/mem /etc/passwd"],
      ["2 MiB", "dd if=/dev/zero of=/etc/passwd bs=1M count=2 2> /dev/null"],
      ["not there", "true"],
    ])("has an /etc/passwd that is %s", (_, make) => {
      const container = waiting();
      printed(container, `rm /etc/passwd; ${make}`);
      expect(printed(container, "echo $HOME")).toBe("/\n");
    });

    test("its first process has another root", RUNT, () => {
      const container = waiting((config) => {
        grant(config, "CAP_SYS_CHROOT");
        config.process.args = sh("mkdir /jail; cp -a /bin /jail; exec chroot /jail sleep 1000");
      });
      expect(printed(container, "until [ -e /jail/bin/sleep ]; do :; done; cat /etc/group | head -n1")).toBe(
        "root:x:0:\n",
      );
    });

    test("runs /proc/self/exe", async () => {
      const digest = () => createHash("sha256").update(fs.readFileSync(runtime)).digest("hex");
      const before = runtime.startsWith("/") ? digest() : "";
      const container = waiting((_, rootfs) => {
        fs.writeFileSync(join(rootfs, "bin/self"), "#!/proc/self/exe\n", { mode: 0o755 });
      });
      for (const program of ["/proc/self/exe", "/bin/self"]) {
        expect(container.call("exec", container.id, program).code).not.toBe(0);
      }
      if (before !== "") expect(digest()).toBe(before);
    });
  },
);

describe("at the same time", () => {
  const ENDED = /stopped container|does not exist|ended while it was set up/;
  /** The process has run, or was killed with the container, or there was no container any more. */
  const isClean = ({ code, stderr }: Result) => code === 0 || code === 137 || ENDED.test(stderr);

  test("delete leaves nothing, and nobody hangs", RUNT, async () => {
    for (let round = 0; round < 8; round++) {
      const container = waiting();
      const execs = Array.from({ length: 4 }, () => container.callAsync("exec", container.id, "true"));
      const deleted = container.callAsync("delete", "--force", container.id);
      expect(await deleted).toMatchObject({ code: 0, stderr: "" });
      for (const result of await Promise.all(execs))
        expect(isClean(result), JSON.stringify(result)).toBe(true);
    }
  });

  test("descriptors are on their way, more than its user may have", RUNT, async () => {
    const container = bundle((config, rootfs) => {
      compiled("hoard", rootfs);
      config.process.user = { uid: 54_321, gid: 54_321 };
      config.process.rlimits = [{ type: "RLIMIT_NOFILE", hard: 64, soft: 64 }];
      config.process.args = sh("hoard > /tmp/said; sleep 1000");
      config.mounts.push({ destination: "/tmp", type: "tmpfs", source: "tmpfs" });
    });
    container.create();
    container.start();
    await until(
      () => container.call("exec", "--user", "0", container.id, "grep", "full", "/tmp/said").code === 0,
    );
    expect(printed(container, "id -u")).toBe("54321\n");
  });

  test("the first process ends", RUNT, async () => {
    for (let round = 0; round < 8; round++) {
      const container = waiting();
      const execs = Array.from({ length: 4 }, () => container.callAsync("exec", container.id, "true"));
      container.kill("KILL");
      for (const result of await Promise.all(execs))
        expect(isClean(result), JSON.stringify(result)).toBe(true);
    }
  });

  test("twenty processes come in", async () => {
    const container = waiting();
    const execs = Array.from({ length: 20 }, (_, index) =>
      container.callAsync("exec", container.id, "echo", `${index}`),
    );
    const results = await Promise.all(execs);
    expect(results).toEqual(results.map((_, index) => ({ code: 0, stdout: `${index}\n`, stderr: "" })));
  });
});
