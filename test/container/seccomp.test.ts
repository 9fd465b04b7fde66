// linux.seccomp in the kernel: what a container may call, and what it gets otherwise.

import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import * as fs from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { DOCKER_PROFILE } from "../docker_profile.ts";
import { violations } from "../schema.ts";
import {
  bundle,
  type Container,
  differs,
  failure,
  inside,
  runtime,
  runtimeName,
  stopped,
  twin,
  until,
  writeConfig,
} from "./bed.ts";
import { type Config, sh } from "./config.ts";

let directory = "";

beforeAll(() => {
  directory = fs.mkdtempSync(join(tmpdir(), "runt-seccomp-"));
  for (const [name, ...options] of [["probe", "-nostdlib"], ["agent"]] as const) {
    const source = fileURLToPath(new URL(`${name}.c`, import.meta.url));
    execFileSync("cc", ["-static", ...options, "-o", join(directory, name), source]);
  }
});

afterAll(() => fs.rmSync(directory, { recursive: true }));

// arch/x86/entry/syscalls/syscall_64.tbl
const NR = {
  sched_yield: 24,
  getpid: 39,
  personality: 135,
  unshare: 272,
  mount: 165,
  keyctl: 250,
  clone3: 435,
  bpf: 321,
};
const X32 = 0x40000000;
const EPERM = 1;
const ENOSYS = 38;

/** What `probe` says in a container with this filter; SCMP_ACT_ALLOW is the default action. */
function probe(args: string, seccomp: object, edit: (config: Config) => void = () => {}): string {
  return inside(`probe ${args} 2>&1; true`, (config, rootfs) => {
    fs.copyFileSync(join(directory, "probe"), join(rootfs, "bin/probe"));
    config.linux.seccomp = { defaultAction: "SCMP_ACT_ALLOW", ...seccomp };
    edit(config);
  }).trim();
}

const rule = (action: string, more: object = {}) => ({
  syscalls: [{ names: ["sched_yield"], action, ...more }],
});
const EQUAL = "SCMP_CMP_EQ";

describe("actions", () => {
  test.each([
    ["SCMP_ACT_ALLOW", {}, "0"],
    ["SCMP_ACT_LOG", {}, "0"],
    ["SCMP_ACT_ERRNO", {}, "1"],
    ["SCMP_ACT_ERRNO", { errnoRet: 0 }, "0"],
    ["SCMP_ACT_ERRNO", { errnoRet: 99 }, "99"],
    // Without a tracer.
    ["SCMP_ACT_TRACE", {}, "38"],
    ["SCMP_ACT_TRAP", {}, "Bad system call"],
    ["SCMP_ACT_KILL", {}, "Bad system call"],
    ["SCMP_ACT_KILL_THREAD", {}, "Bad system call"],
    ["SCMP_ACT_KILL_PROCESS", {}, "Bad system call"],
  ])("%s %j", (action, more, answer) => {
    const seccomp = { defaultAction: action === "SCMP_ACT_ALLOW" ? "SCMP_ACT_LOG" : "SCMP_ACT_ALLOW" };
    expect(probe(`${NR.sched_yield}`, { ...seccomp, ...rule(action, more) })).toBe(answer);
  });
});

describe("conditions", () => {
  const answers = (op: string, value: number, valueTwo: number | undefined, given: readonly number[]) => {
    const args = [{ index: 1, value, valueTwo, op }];
    const seccomp = rule("SCMP_ACT_ERRNO", { errnoRet: 7, args });
    return probe(
      `${NR.sched_yield}; for n in ${given.join(" ")}; do probe ${NR.sched_yield} 0 $n; done`,
      seccomp,
    )
      .split("\n")
      .slice(1)
      .map((answer) => answer === "7");
  };

  test.each([
    ["SCMP_CMP_NE", [true, false, true]],
    ["SCMP_CMP_LT", [true, false, false]],
    ["SCMP_CMP_LE", [true, true, false]],
    ["SCMP_CMP_EQ", [false, true, false]],
    ["SCMP_CMP_GE", [false, true, true]],
    ["SCMP_CMP_GT", [false, false, true]],
  ])("%s", (op, expected) => {
    expect(answers(op, 5, undefined, [4, 5, 6])).toEqual(expected);
  });

  test("SCMP_CMP_MASKED_EQ: value is the mask", () => {
    expect(answers("SCMP_CMP_MASKED_EQ", 0xf0, 0x50, [0x5f, 0x150, 0x60])).toEqual([true, true, false]);
  });

  test("compare 64 bits", () => {
    const container = bundle((config, rootfs) => {
      fs.copyFileSync(join(directory, "probe"), join(rootfs, "bin/probe"));
      config.process.args = sh(
        `for n in 0xffffffffffffffff 0xffffffff 0xfffffffffffffffe; do probe ${NR.sched_yield} $n; done`,
      );
      config.linux.seccomp = {
        defaultAction: "SCMP_ACT_ALLOW",
        ...rule("SCMP_ACT_ERRNO", { args: [{ index: 0, value: 0, op: EQUAL }] }),
      };
    });
    // JSON.stringify has no numbers of 64 bits.
    const file = join(container.dir, "config.json");
    const text = fs.readFileSync(file, "utf8");
    fs.writeFileSync(file, text.replace('"value":0', '"value":18446744073709551615'));
    expect(container.run().stdout).toBe("1\n0\n0\n");
  });

  test("all on different arguments have to hold, any of those on the same one", () => {
    const args = (...indices: readonly number[]) =>
      indices.map((index, value) => ({ index, value: value + 1, op: EQUAL }));
    const calls = `${NR.sched_yield} 1 2; probe ${NR.sched_yield} 1 3; probe ${NR.sched_yield} 2`;
    expect(probe(calls, rule("SCMP_ACT_ERRNO", { args: args(0, 1) }))).toBe("1\n0\n0");
    expect(probe(calls, rule("SCMP_ACT_ERRNO", { args: args(0, 0) }))).toBe("1\n1\n1");
  });

  test("of several entries for one call", () => {
    const entry = (value: number, errnoRet: number) => ({
      names: ["sched_yield"],
      action: "SCMP_ACT_ERRNO",
      errnoRet,
      args: [{ index: 0, value, op: EQUAL }],
    });
    const syscalls = [entry(1, 11), entry(2, 12)];
    expect(
      probe(`${NR.sched_yield} 1; probe ${NR.sched_yield} 2; probe ${NR.sched_yield} 3`, { syscalls }),
    ).toBe("11\n12\n0");
  });

  test("an entry that is there twice, and one without conditions beside one with some", () => {
    const allow = { names: ["sched_yield", "sched_yield"], action: "SCMP_ACT_ERRNO", errnoRet: 9 };
    const conditional = { ...allow, args: [{ index: 0, value: 1, op: EQUAL }] };
    expect(probe(`${NR.sched_yield} 3`, { syscalls: [allow, allow, conditional] })).toBe("9");
  });
});

describe("names and architectures", () => {
  test("names that nobody knows are ignored", () => {
    const syscalls = [{ names: ["no such call", "sched_yield", "_llseek"], action: "SCMP_ACT_ERRNO" }];
    expect(probe(`${NR.sched_yield}`, { syscalls })).toBe("1");
  });

  test("programs of 32 bits are killed unless the profile has their architecture", () => {
    const yield32 = "i386 158";
    expect(probe(yield32, rule("SCMP_ACT_ERRNO", { errnoRet: 5 }))).toBe("Bad system call");
    const architectures = ["SCMP_ARCH_X86_64", "SCMP_ARCH_X86"];
    expect(probe(yield32, { architectures, ...rule("SCMP_ACT_ERRNO", { errnoRet: 5 }) })).toBe("5");
  });

  test("x32 is killed unless the profile has it", () => {
    const yieldX32 = `${X32 + NR.sched_yield}`;
    expect(probe(yieldX32, rule("SCMP_ACT_ERRNO", { errnoRet: 5 }))).toBe("Bad system call");
    expect(
      probe(yieldX32, { architectures: ["SCMP_ARCH_X32"], ...rule("SCMP_ACT_ERRNO", { errnoRet: 5 }) }),
    ).toBe("5");
  });

  test(
    "an architecture of the other byte order is refused, with its place",
    differs({ crun: "says it otherwise" }),
    () => {
      const container = bundle((config) => {
        config.linux.seccomp = {
          defaultAction: "SCMP_ACT_ALLOW",
          architectures: ["SCMP_ARCH_X86", "SCMP_ARCH_S390X"],
        };
      });
      const message = failure(container.run());
      if (runtimeName === "runt")
        expect(message).toContain("/linux/seccomp/architectures/1: add the architecture");
      else expect(message).toContain("error adding architecture");
    },
  );
});

describe("calls that are newer than the profile", () => {
  const allowed =
    "read write close exit exit_group execve brk mmap munmap mprotect arch_prctl set_tid_address ioctl fcntl";
  const more =
    "fstat newfstatat readlink getrandom prlimit64 rseq set_robust_list uname getuid rt_sigaction rt_sigprocmask";
  const shell = "getpid getppid wait4 vfork fork clone open openat dup2 stat rt_sigreturn poll lstat capset";
  const names = [...`${allowed} ${more} ${shell}`.split(" ")];
  const strict = (more: object) => ({
    defaultAction: "SCMP_ACT_ERRNO",
    architectures: ["SCMP_ARCH_X86_64"],
    syscalls: [{ names: [...names, ...RUNC_NEEDS], action: "SCMP_ACT_ALLOW" }],
    ...more,
  });

  test.each([
    [{}, "38\n1"],
    [{ defaultErrnoRet: 13 }, "38\n13"],
    [{ defaultErrnoRet: 38 }, "38\n38"],
    [{ defaultAction: "SCMP_ACT_KILL_PROCESS" }, "38\nBad system call"],
  ])(
    "fail with ENOSYS, whatever is done with others: %j",
    differs({ crun: "does what the profile says" }),
    (more, answer) => {
      // Linux will need some time to come to 2000; mkdir is older than what the profile names.
      expect(probe("2000; probe 83", strict(more))).toBe(answer);
    },
  );
});

/** What runc itself calls after it has loaded a filter: its users have to allow that. */
const RUNC_NEEDS = (
  "capget capset prctl getppid setuid setgid setgroups getpid gettid tgkill futex epoll_ctl epoll_pwait epoll_create1 pipe2 " +
  "nanosleep sched_yield madvise sigaltstack getdents64 openat fcntl fstat newfstatat faccessat2 faccessat write read close " +
  "fstatfs statfs setsid readlinkat execve exit_group mmap munmap rt_sigaction rt_sigprocmask rt_sigreturn chdir " +
  "getcwd eventfd2 timer_create timer_settime timer_delete clone clone3 unlinkat fchown getuid access stat lseek umask"
).split(" ");

describe("of a strict profile nothing is needed for the runtime but execve, and capset where there is no no_new_privs", () => {
  /** What `probe` itself needs, which is static, and no shell. */
  const PROGRAM = "execve write exit_group";
  const run = (
    names: readonly string[],
    noNewPrivileges: boolean,
    edit: (config: Config) => void = () => {},
  ) =>
    bundle((config, rootfs) => {
      fs.copyFileSync(join(directory, "probe"), join(rootfs, "bin/probe"));
      config.process.args = ["/bin/probe", "39"];
      config.process.noNewPrivileges = noNewPrivileges;
      config.linux.seccomp = {
        defaultAction: "SCMP_ACT_KILL_PROCESS",
        syscalls: [{ names: [...PROGRAM.split(" "), "getpid", ...names], action: "SCMP_ACT_ALLOW" }],
      };
      edit(config);
    });
  const cannot = differs({ runc: "needs more", crun: "needs more" });
  const asUser = (config: Config) => {
    config.process.user = { uid: 1000, gid: 1000 };
  };

  test.each([
    ["with no_new_privs", [], true, () => {}],
    ["without it", ["capset"], false, () => {}],
    ["with it, as a user", [], true, asUser],
    ["without it, as a user", ["capset"], false, asUser],
  ] as const)("%s", cannot, (_, names, noNewPrivileges, edit) => {
    const container = run(names, noNewPrivileges, edit);
    expect(container.run()).toEqual({ code: 0, stdout: "0\n", stderr: "" });
    container.create();
    container.start();
    return until(() => container.output() === "0\n");
  });

  test.each([true, false])(
    "with what runc needs it works in both (no_new_privs: %s)",
    differs({ crun: "needs other calls" }),
    (noNewPrivileges) => {
      const result = run(RUNC_NEEDS, noNewPrivileges).run();
      expect(result).toMatchObject({ code: 0, stdout: "0\n" });
    },
  );

  test("where capset is not allowed and needed, `start` says so", cannot, () => {
    const container = run([], false, (config) => {
      Object.assign(config.linux.seccomp ?? {}, { defaultAction: "SCMP_ACT_ERRNO" });
    });
    container.create();
    const message = failure(container.call("start", container.id));
    expect(message).toContain("/linux/seccomp: load the filter");
    expect(message).toContain("EPERM");
    expect(message).toContain("allow capset");
    expect(failure(container.run("--keep"))).toContain("already exists");
  });

  test("what cannot be executed is said, as without a filter", cannot, () => {
    const container = run(["capset"], false);
    fs.writeFileSync(join(container.rootfs, "bin/probe"), "no program", { mode: 0o755 });
    container.create();
    expect(failure(container.call("start", container.id))).toContain(
      "/process/args: exec /bin/probe: ENOEXEC",
    );
  });
});

describe("Docker's profile", () => {
  const asDocker = (script: string, edit: (config: Config, rootfs: string) => void = () => {}) =>
    inside(script, (config, rootfs) => {
      fs.copyFileSync(join(directory, "probe"), join(rootfs, "bin/probe"));
      config.process.noNewPrivileges = false;
      config.linux.seccomp = DOCKER_PROFILE;
      edit(config, rootfs);
    });

  test("is in force, once", () => {
    expect(asDocker("grep -E '^(Seccomp|NoNewPrivs)' /proc/self/status")).toBe(
      "NoNewPrivs:\t0\nSeccomp:\t2\nSeccomp_filters:\t1\n",
    );
  });

  test("refuses what it does not allow, and clone with namespaces", () => {
    const refused = [NR.unshare, NR.mount, NR.keyctl, NR.bpf].map((number) => `probe ${number}`);
    expect(asDocker([...refused, `probe ${NR.clone3}`].join("; "))).toBe(
      `${[EPERM, EPERM, EPERM, EPERM, ENOSYS].join("\n")}\n`,
    );
    // clone(2) with CLONE_NEWUSER; personality(2) with ADDR_NO_RANDOMIZE; socket(2) of AF_VSOCK
    expect(asDocker("probe 56 0x10000000; probe 135 0x40000; probe 41 40 1; probe 41 1 1")).toBe(
      "1\n1\n1\n0\n",
    );
  });

  // Those that end the process, wait, close or change what it needs, or raise a signal.
  const HARMFUL = new Set([
    15, 22, 23, 24, 34, 35, 57, 58, 60, 61, 62, 109, 111, 112, 130, 153, 161, 162, 169, 176, 200, 231, 234,
    247, 270, 271, 281, 293, 335, 336, 424, 435, 436, 449,
  ]);
  /** With arguments that are none: in the table of the kernel, and beyond its end. */
  const harmless = Array.from({ length: 480 }, (_, number) => number).filter(
    (number) => !HARMFUL.has(number),
  );

  /** Later ones are unknown to libseccomp 2.5, which runt may be linked with where runc has a newer one, or the reverse. */
  const isKnownToAll = ([number]: readonly [number: number, errno: number]) => number <= 450;

  /** The errno of each, with `runner` in place of the runtime under test. */
  function sweep(
    container: Container,
    runner: string,
  ): readonly (readonly [number: number, errno: number])[] {
    const under = ["sh", "-c", 'shift; exec "$0" "$@"', runner];
    const { stdout, stderr } = container.callWith({ under }, "run", container.id);
    const lines = stdout.trim().split("\n");
    expect([lines.length, stderr]).toEqual([harmless.length, ""]);
    return harmless.map((number, index) => [number, Number(lines[index])]);
  }

  const sweeping = () =>
    bundle((config, rootfs) => {
      fs.copyFileSync(join(directory, "probe"), join(rootfs, "bin/probe"));
      config.process.args = ["probe", "each", ...harmless.map(String)];
      config.process.noNewPrivileges = false;
      config.linux.seccomp = DOCKER_PROFILE;
    });

  test(
    "every system call is decided as it says",
    differs({ crun: "has no ENOSYS for what is newer" }),
    () => {
      const answers = sweep(sweeping(), runtime);
      const numbersWith = (wanted: number) =>
        answers.filter(([, errno]) => errno === wanted).map(([number]) => number);
      expect(numbersWith(EPERM)).toEqual(
        expect.arrayContaining([NR.unshare, NR.mount, NR.keyctl, NR.bpf, 155, 165, 166, 175, 246, 304, 308]),
      );
      // In a profile that allows nothing they all are.
      expect(numbersWith(EPERM).length).toBeLessThan(harmless.length / 2);
      // Newer than all that the profile names.
      expect(numbersWith(ENOSYS)).toEqual(expect.arrayContaining([470, 479]));
    },
  );

  test(
    "every system call is decided as under runc",
    differs({ runc: "is runc", crun: "is not runt" }),
    () => {
      const container = sweeping();
      const [ours, theirs] = [runtime, "runc"].map((runner) => sweep(container, runner).filter(isKnownToAll));
      expect(ours).toEqual(theirs);
    },
  );

  test("a second container has the filter of the first one, and no other one has it", () => {
    const first = bundle((config, rootfs) => {
      fs.copyFileSync(join(directory, "probe"), join(rootfs, "bin/probe"));
      config.process.args = sh(`probe ${NR.unshare}; probe ${NR.sched_yield}`);
      config.linux.seccomp = DOCKER_PROFILE;
    });
    expect(first.run().stdout).toBe("1\n0\n");
    expect(first.run().stdout).toBe("1\n0\n");
    const config = JSON.parse(fs.readFileSync(join(first.dir, "config.json"), "utf8")) as Config;
    const text = JSON.stringify(DOCKER_PROFILE);
    // As long as before, and another name: nobody knows it.
    config.linux.seccomp = JSON.parse(text.replace('"sched_yield"', '"sched_yoeld"'));
    writeConfig(first, config);
    expect(first.run().stdout).toBe("1\n1\n");
  });
});

describe("the store of filters", () => {
  const withFilter = () =>
    bundle((config, rootfs) => {
      fs.copyFileSync(join(directory, "probe"), join(rootfs, "bin/probe"));
      config.process.args = ["probe", String(NR.sched_yield)];
      config.linux.seccomp = { defaultAction: "SCMP_ACT_ALLOW", ...rule("SCMP_ACT_ERRNO", { errnoRet: 44 }) };
    });
  const entryOf = ({ stateDir }: Container) => {
    const [name = "", ...others] = fs.readdirSync(stateDir).filter((file) => file.startsWith("@seccomp-"));
    expect(others).toEqual([]);
    return join(stateDir, name);
  };
  const ours = differs({ runc: "has none", crun: "has none" });

  test("is for the owner alone, and a container of it is like another one", ours, () => {
    const container = withFilter();
    expect(container.run().stdout).toBe("44\n");
    const entry = entryOf(container);
    expect(fs.statSync(entry).mode & 0o777).toBe(0o600);
    const { mtimeMs } = fs.statSync(entry);
    expect(container.run().stdout).toBe("44\n");
    expect(fs.statSync(entry).mtimeMs).toBe(mtimeMs);
    expect(container.call("list", "--quiet").stdout).toBe("");
  });

  const DAMAGES: Readonly<Record<string, (content: Buffer) => Buffer>> = {
    "is empty": () => Buffer.from(""),
    "has lost its end": (content) => content.subarray(0, content.length - 8),
    "has something at its end": (content) => Buffer.concat([content, Buffer.alloc(8)]),
    "has lost its beginning": (content) => content.subarray(8),
    "is of another filter": (content) =>
      Buffer.from(content.toString("latin1").replace("sched_yield", "sched_yoeld"), "latin1"),
    "is of another libseccomp": (content) =>
      Buffer.from(content.toString("latin1").replace("seccomp 2", "seccomp 1"), "latin1"),
  };

  test.each(Object.entries(DAMAGES))("is not believed where an entry %s", ours, (_, damage) => {
    const container = withFilter();
    container.run();
    const entry = entryOf(container);
    const good = fs.readFileSync(entry);
    const bad = damage(good);
    expect(bad.equals(good)).toBe(false);
    fs.writeFileSync(entry, bad);
    expect(container.run().stdout).toBe("44\n");
    expect(fs.readFileSync(entry).equals(good)).toBe(true);
  });

  test("does not need to be writable, nor whole", ours, () => {
    const container = withFilter();
    container.run();
    const entry = entryOf(container);
    fs.rmSync(entry);
    fs.mkdirSync(entry);
    expect(failure(container.run())).toContain("EISDIR");
    fs.rmdirSync(entry);
    // What a killed runtime has left is in the way once.
    fs.writeFileSync(`${entry}.new`, "half");
    expect(container.run().stdout).toBe("44\n");
    expect(container.run().stdout).toBe("44\n");
    expect(fs.readdirSync(container.stateDir).filter((name) => name.includes(".new"))).toEqual([]);
    expect(entryOf(container)).toBe(entry);
  });
});

interface Agent {
  readonly socket: string;
  lines(): readonly string[];
}

async function agent(socket: string): Promise<Agent> {
  const child = spawn(join(directory, "agent"), [socket, "55"], { stdio: ["ignore", "pipe", "inherit"] });
  onTestFinished(() => void child.kill("SIGKILL"));
  const text = collected(child);
  await until(() => text().startsWith("listening\n"));
  // The last one may not be whole yet.
  return { socket, lines: () => text().split("\n").slice(1, -1) };
}

function collected(child: ChildProcess): () => string {
  let text = "";
  child.stdout?.setEncoding("utf8").on("data", (data: string) => {
    text += data;
  });
  return () => text;
}

describe("notifications", () => {
  const NOTIFY = {
    defaultAction: "SCMP_ACT_ALLOW",
    syscalls: [{ names: ["mkdir"], action: "SCMP_ACT_NOTIFY" }],
  };
  const crunsAgent = differs({ crun: "1.8 sends a state of its own" });
  /** The agent waits for the end of the connection, and answers then. */
  const keepsOpen = differs({ crun: "1.8 sends a state of its own", runc: "1.1 closes the connection late" });
  const asking = (config: Config, socket: string, more: object = {}) => {
    config.linux.seccomp = { ...NOTIFY, listenerPath: socket, listenerMetadata: 'a "b"', ...more };
    config.process.args = sh("mkdir /tmp/x; ls -d /tmp/x");
  };

  test.each([true, false])(
    "are answered by the agent (no_new_privs: %s)",
    crunsAgent,
    async (noNewPrivileges) => {
      const container = bundle((config) => {
        config.process.noNewPrivileges = noNewPrivileges;
        config.annotations = { key: "value" };
      });
      const { socket, lines } = await agent(join(container.dir, "agent"));
      const config = JSON.parse(fs.readFileSync(join(container.dir, "config.json"), "utf8")) as Config;
      asking(config, socket);
      writeConfig(container, config);
      container.create();
      const { pid } = container.state();
      await until(() => lines().length >= 2);
      expect(lines()[0]).toMatch(/^bytes \d+ fds 1 more 0$/);
      const state = JSON.parse(lines()[1] ?? "");
      expect(state).toEqual({
        ociVersion: config.ociVersion,
        fds: ["seccompFd"],
        pid,
        metadata: 'a "b"',
        state: {
          ociVersion: runtimeName === "runt" ? config.ociVersion : expect.any(String),
          id: container.id,
          status: "creating",
          pid,
          bundle: container.dir,
          annotations: { key: "value" },
        },
      });
      expect(violations("state", state.state)).toEqual([]);
      container.start();
      await stopped(container);
      await until(() => lines().length > 2);
      expect(lines().slice(2)).toEqual(["call 83"]);
      expect(container.output()).toBe("");
    },
  );

  test("are answered in `run` too", keepsOpen, async () => {
    const container = bundle();
    const { socket, lines } = await agent(join(container.dir, "agent"));
    const config = JSON.parse(fs.readFileSync(join(container.dir, "config.json"), "utf8")) as Config;
    asking(config, socket);
    writeConfig(container, config);
    expect((await container.callAsync("run", container.id)).code).not.toBe(0);
    await until(() => lines().length > 2);
    expect(lines().slice(2)).toEqual(["call 83"]);
  });

  test("are answered in `exec` too, of whose process the state is told", keepsOpen, async () => {
    const container = bundle();
    const path = join(container.dir, "agent");
    const first = await agent(path);
    const config = JSON.parse(fs.readFileSync(join(container.dir, "config.json"), "utf8")) as Config;
    asking(config, path);
    config.process.args = ["sleep", "1000"];
    writeConfig(container, config);
    container.create();
    container.start();
    await until(() => first.lines().length >= 2);
    fs.rmSync(path);
    const second = await agent(path);
    const made = await container.callAsync("exec", container.id, "mkdir", "/tmp/new");
    // 55, as the agent says.
    expect(made).toMatchObject({ code: 1, stderr: expect.stringContaining("No anode") });
    await until(() => second.lines().length > 2);
    expect(second.lines()[2]).toBe("call 83");
    const { pid, state } = JSON.parse(second.lines()[1] ?? "");
    expect(state).toMatchObject({ id: container.id, status: "running" });
    expect(pid).not.toBe(container.state().pid);
  });

  test("of what the runtime itself calls do not block it", keepsOpen, async () => {
    const container = bundle();
    const { socket, lines } = await agent(join(container.dir, "agent"));
    const config = JSON.parse(fs.readFileSync(join(container.dir, "config.json"), "utf8")) as Config;
    const names = ["sendto", "sendmsg", "recvfrom", "accept4", "close", "read", "capset", "execve", "mkdir"];
    asking(config, socket, { syscalls: [{ names, action: "SCMP_ACT_NOTIFY" }] });
    writeConfig(container, config);
    container.create();
    container.start();
    await stopped(container);
    await until(() => lines().includes("call 83"));
  });

  test("nobody listens: nothing is created", differs({ crun: "says it otherwise" }), () => {
    const container = bundle((config, rootfs) => asking(config, join(rootfs, "no-agent")));
    const message = failure(container.call("create", container.id));
    if (runtimeName === "runt") {
      expect(message).toContain("/linux/seccomp/listenerPath: seccomp agent ");
      expect(message).toContain("ENOENT");
      expect(message).toContain("hint: listenerPath is the stream socket of a seccomp agent");
    } else {
      expect(message).toContain("no such file or directory");
    }
    expect(container.call("state", container.id).code).not.toBe(0);
  });

  test("a listenerPath without notifications is not looked at", differs({ crun: "connects" }), () => {
    const container = bundle((config) => {
      config.linux.seccomp = { ...NOTIFY, syscalls: [], listenerPath: "/no/agent" };
    });
    expect(container.run().code).toBe(0);
  });

  test("a state that is larger than the socket's buffer arrives as a whole", crunsAgent, async () => {
    const container = bundle();
    const { socket, lines } = await agent(join(container.dir, "agent"));
    const config = JSON.parse(fs.readFileSync(join(container.dir, "config.json"), "utf8")) as Config;
    asking(config, socket, { listenerMetadata: "x".repeat(600_000) });
    writeConfig(container, config);
    container.create();
    await until(() => lines().length >= 2);
    expect(lines()[0]).toMatch(/ fds 1 /);
    expect(JSON.parse(lines()[1] ?? "").metadata.length).toBe(600_000);
  });
});

describe("flags", () => {
  const names = ["TSYNC", "LOG", "SPEC_ALLOW", "WAIT_KILLABLE_RECV"].map(
    (name) => `SECCOMP_FILTER_FLAG_${name}`,
  );
  const known = differs({
    runc: "1.1 does not know WAIT_KILLABLE_RECV",
    crun: "1.8 does not know WAIT_KILLABLE_RECV",
  });
  const speculation = (flags: object) =>
    inside("grep Speculation_Store_Bypass /proc/self/status", (config) => {
      config.linux.seccomp = { defaultAction: "SCMP_ACT_ALLOW", ...rule("SCMP_ACT_LOG"), ...flags };
    });

  test("all together are taken", known, () => {
    expect(probe(`${NR.sched_yield}`, { ...rule("SCMP_ACT_ERRNO"), flags: names })).toBe("1");
  });

  test("without any, SPEC_ALLOW is set", differs({ runc: "1.1 does not know SPEC_ALLOW" }), () => {
    expect(speculation({})).toBe(speculation({ flags: names.slice(2, 3) }));
  });
});

test("a filter in a user namespace, without no_new_privs", () => {
  const status = inside(
    "grep -E '^Seccomp:' /proc/self/status; unshare -u true || echo refused",
    (config) => {
      config.process.noNewPrivileges = false;
      config.process.user = { uid: 1000, gid: 1000 };
      config.linux.namespaces.push({ type: "user" });
      const map = [{ containerID: 0, hostID: 100000, size: 65536 }];
      Object.assign(config.linux, { uidMappings: map, gidMappings: map });
      config.linux.seccomp = {
        defaultAction: "SCMP_ACT_ALLOW",
        syscalls: [{ names: ["unshare"], action: "SCMP_ACT_ERRNO" }],
      };
    },
  );
  expect(status).toBe("Seccomp:\t2\nrefused\n");
});

test("containers that are created at the same time share what they make", async () => {
  const first = bundle((config) => {
    config.linux.seccomp = DOCKER_PROFILE;
  });
  const all = Array.from({ length: 8 }, (_, n) => twin(first, `${first.id}.${n}`));
  const results = await Promise.all(all.map((container) => container.callAsync("run", container.id)));
  expect(results.map(({ code, stderr }) => [code, stderr])).toEqual(all.map(() => [0, ""]));
});

test(
  "`--version` and `features` say which libseccomp it is, and what that knows",
  differs({ crun: "says it otherwise" }),
  () => {
    const container = bundle();
    expect(container.call("--version").stdout).toMatch(/^libseccomp: \d+\.\d+\.\d+$/m);
    if (runtimeName !== "runt") return;
    const { seccomp } = JSON.parse(container.call("features").stdout).linux;
    expect(seccomp.enabled).toBe(true);
    expect(seccomp.archs).toEqual(
      expect.arrayContaining(["SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_X32"]),
    );
    expect(seccomp.supportedFlags).toEqual(
      expect.arrayContaining(["SECCOMP_FILTER_FLAG_LOG", "SECCOMP_FILTER_FLAG_SPEC_ALLOW"]),
    );
  },
);
