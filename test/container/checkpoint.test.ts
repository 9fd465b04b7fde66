// checkpoint and restore: a container that counts goes on where it was, whatever it has open, mounted or joined. Both
// need CRIU, and a CRIU that works with the kernel.

import { execFileSync, spawn, spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import * as fs from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { beforeAll, describe, expect, onTestFinished, test } from "vitest";
import {
  bundle,
  type Container,
  differs,
  failure,
  readConfig,
  runtime,
  twin,
  until,
  wording,
  writeConfig,
} from "./bed.ts";
import { cgroupOf, needs, ofRunt, readCgroup } from "./cgroup.ts";
import { type Config, sh } from "./config.ts";
import { criu, feature, newKernel } from "./criu.ts";
import { compileReceiver, receiver } from "./receiver.ts";
import { inSession } from "./session.ts";
import { keepKernelSteady } from "./steady_kernel.ts";

compileReceiver();
keepKernelSteady();

/** In a file, since CRIU takes the place of a file without a gap: its reader finds a number at any time. */
const COUNTING = "i=0; while :; do i=$((i + 1)); echo $i >/new; mv /new /count; sleep 0.01; done";

function counter(edit: (config: Config, rootfs: string) => void = () => {}, script = COUNTING): Container {
  return bundle((config, rootfs) => {
    config.root.readonly = false;
    config.process.args = sh(script);
    edit(config, rootfs);
  });
}

/** Standard streams: nothing, unless given. */
function detached(
  container: Container,
  command: string,
  options: readonly string[],
  out?: number,
  under: readonly string[] = [],
): void {
  const args = [
    ...under,
    runtime,
    "--log",
    join(container.dir, "stderr"),
    "--root",
    container.stateDir,
    command,
    "--detach",
    ...options,
    container.id,
  ];
  const err = out ?? fs.openSync("/dev/null", "r+");
  const { status } = spawnSync(args[0] ?? "", args.slice(1), {
    cwd: container.dir,
    stdio: ["ignore", err, err],
    timeout: 20_000,
  });
  if (out === undefined) fs.closeSync(err);
  if (status !== 0)
    throw new Error(
      `${command}: exit code ${status}\n${fs.readFileSync(join(container.dir, "stderr"), "utf8")}`,
    );
}

function count(container: Container): number {
  const path = join(container.rootfs, "count");
  return fs.existsSync(path) ? Number(fs.readFileSync(path, "utf8")) : 0;
}

async function counted(container: Container, more = 3): Promise<number> {
  const least = count(container) + more;
  await until(() => count(container) >= least);
  return count(container);
}

const PATHS = ["--image-path", "image", "--work-path", "work"];

function checkpoint(container: Container, ...options: readonly string[]): void {
  const { code, stderr } = container.call("checkpoint", ...PATHS, ...options, container.id);
  if (code !== 0) throw new Error(`${stderr}\n${errors(container, "dump")}`);
}

function restore(container: Container, options: readonly string[] = [], out?: number): void {
  try {
    detached(container, "restore", [...PATHS, ...options], out);
  } catch (error) {
    throw new Error(`${(error as Error).message}\n${errors(container, "restore")}`);
  }
}

function errors(container: Container, log: string): string {
  const path = join(container.dir, "work", `${log}.log`);
  const lines = fs.existsSync(path) ? fs.readFileSync(path, "utf8").split("\n") : [];
  return lines.filter((line) => line.includes("Error")).join("\n");
}

/** What has to hold of any counting container. */
async function goesOn(container: Container, options: readonly string[] = []): Promise<void> {
  await counted(container);
  checkpoint(container, ...options);
  const at = count(container);
  expect(container.call("state", container.id).code).not.toBe(0);
  restore(container, options);
  expect(container.state().status).toBe("running");
  await counted(container);
  // From the start it would take longer than this check, and be lower.
  expect(count(container)).toBeGreaterThan(at);
}

/** counter.c */
let program = "";
beforeAll(() => {
  const directory = fs.mkdtempSync(join(tmpdir(), "runt-counter-"));
  program = join(directory, "counter");
  const source = fileURLToPath(new URL("counter.c", import.meta.url));
  execFileSync("cc", ["-static", "-Wall", "-Werror", "-o", program, source]);
  return () => fs.rmSync(directory, { recursive: true });
});

describe("a restored container", criu, () => {
  test("counts where it was", async () => {
    const container = counter();
    detached(container, "run", []);
    await goesOn(container);
  });

  test("is one like others: state, exec, pause, kill, delete", async () => {
    const container = counter();
    detached(container, "run", []);
    await counted(container);
    checkpoint(container);
    restore(container, ["--pid-file", "pid"]);
    const { pid, status } = container.state();
    expect(status).toBe("running");
    expect(fs.readFileSync(join(container.dir, "pid"), "utf8")).toBe(String(pid));
    expect(container.call("exec", container.id, "cat", "/proc/1/comm")).toMatchObject({
      code: 0,
      stdout: "sh\n",
    });
    expect(container.call("pause", container.id).code).toBe(0);
    expect(container.state().status).toBe("paused");
    expect(container.call("resume", container.id).code).toBe(0);
    container.kill("KILL");
    await until(() => container.state().status === "stopped");
    container.delete();
  });

  test("has its mounts, masks and links, and no privilege more", async () => {
    const look =
      "cut -d' ' -f5 /proc/1/mountinfo | sort; cat /proc/timer_list | wc -c; ls /proc/acpi | wc -l; " +
      "echo x 2>/dev/null >/proc/sys/kernel/domainname && echo writable; " +
      "grep -E 'Cap|Seccomp:|NoNewPrivs' /proc/1/status; ls -l /dev | cut -d' ' -f1; hostname; readlink /proc/1/cwd";
    const container = counter((config) => {
      config.hostname = "counter";
      config.process.cwd = "/tmp";
    });
    detached(container, "run", []);
    await counted(container);
    const before = container.call("exec", container.id, "sh", "-c", look).stdout;
    checkpoint(container);
    restore(container);
    expect(container.call("exec", container.id, "sh", "-c", look).stdout).toBe(before);
    expect(before).toContain("/proc/timer_list\n");
  });

  test("is in the cgroup of its config", async () => {
    const name = `/runt-checkpoint-${process.pid}`;
    const container = counter((config) => {
      config.linux.cgroupsPath = `${name}/inner`;
    });
    detached(container, "run", []);
    await goesOn(container);
    expect(fs.readFileSync(`/proc/${container.state().pid}/cgroup`, "utf8")).toMatch(
      new RegExp(`^[0-9]+:(|.*pids.*):${name}/inner$`, "m"),
    );
    container.delete("--force");
  });

  test("gets the limits that its config has by now", { ...needs("pids"), ...criu }, async () => {
    const container = counter((config) => {
      config.linux.resources = { pids: { limit: 77 } };
    });
    detached(container, "run", []);
    await counted(container);
    checkpoint(container);
    const config = readConfig(container);
    config.linux.resources = { pids: { limit: 66 } };
    writeConfig(container, config);
    restore(container);
    expect(readCgroup(container, "pids.max")).toBe("66");
  });

  const withMode = async (mode: string) => {
    const container = counter();
    detached(container, "run", []);
    await goesOn(container, ["--manage-cgroups-mode", mode]);
    expect(cgroupOf(container)).toContain(container.id);
  };

  test.each(["soft", "full", "strict"])("with --manage-cgroups-mode %s", withMode);

  test("with --manage-cgroups-mode ignore", differs({ runc: "1.1 does not know it" }), () =>
    withMode("ignore"),
  );

  test("has a session keyring of its own", ofRunt("has the caller's"), async () => {
    const keyring = async (...options: string[]) => {
      const name = `key-${randomBytes(4).toString("hex")}`;
      const container = counter(
        (config) => {
          delete config.linux.maskedPaths;
        },
        COUNTING.replace("sleep", "cat /proc/keys >/new-keys; mv /new-keys /keys; sleep"),
      );
      detached(container, "run", []);
      await counted(container);
      checkpoint(container);
      detached(container, "restore", [...PATHS, ...options], undefined, [program, "keyring", name]);
      await counted(container);
      return () => fs.readFileSync(join(container.rootfs, "keys"), "utf8").includes(name);
    };
    const isKept = await keyring("--no-new-keyring");
    await until(isKept);
    // That of a process that has ended goes some time later.
    const isThere = await keyring();
    await until(() => !isThere());
  });

  test("has its seccomp filter", async () => {
    const container = counter(
      (config) => {
        config.linux.seccomp = {
          defaultAction: "SCMP_ACT_ALLOW",
          architectures: ["SCMP_ARCH_X86_64"],
          syscalls: [{ names: ["mkdir", "mkdirat"], action: "SCMP_ACT_ERRNO" }],
        };
      },
      `${COUNTING.replace("echo $i", "mkdir /made 2>/dev/null && echo made >/made/it; echo $i")}`,
    );
    detached(container, "run", []);
    await goesOn(container);
    expect(fs.readFileSync(`/proc/${container.state().pid}/status`, "utf8")).toMatch(/^Seccomp:\t2$/m);
    expect(fs.existsSync(join(container.rootfs, "made"))).toBe(false);
  });

  test(
    "that was paused",
    ofRunt("runc and crun leave it to CRIU, with the state that they have"),
    async () => {
      const container = counter();
      detached(container, "run", []);
      await counted(container);
      expect(container.call("pause", container.id).code).toBe(0);
      checkpoint(container);
      const at = count(container);
      restore(container);
      await counted(container);
      expect(count(container)).toBeGreaterThan(at);
    },
  );

  test("in a user namespace", differs({ runc: "its directory of images is for root only" }), async () => {
    const container = counter((config, rootfs) => {
      const map = [{ containerID: 0, hostID: 100_000, size: 65_536 }];
      config.linux.namespaces?.push({ type: "user" });
      Object.assign(config.linux, { uidMappings: map, gidMappings: map });
      execFileSync("chown", ["-R", "100000:100000", rootfs]);
    });
    detached(container, "run", []);
    await goesOn(container);
  });
});

describe("mounts of the host", criu, () => {
  test("are the host's again, where links of the image lead, in a fresh root filesystem", async () => {
    const container = counter(
      (config, rootfs) => {
        const host = join(rootfs, "../host");
        fs.mkdirSync(host);
        fs.writeFileSync(join(rootfs, "../file"), "one\n");
        fs.symlinkSync("real", join(rootfs, "link"));
        fs.mkdirSync(join(rootfs, "real"));
        config.mounts.push(
          { destination: "/link/data", type: "bind", source: host, options: ["rbind", "rw"] },
          {
            destination: "/etc/file",
            type: "bind",
            source: join(rootfs, "../file"),
            options: ["bind", "ro"],
          },
        );
      },
      COUNTING.replace("sleep", "echo $i >/real/data/count; sleep"),
    );
    detached(container, "run", []);
    await counted(container);
    checkpoint(container);
    const at = Number(fs.readFileSync(join(container.dir, "host/count"), "utf8"));
    fs.writeFileSync(join(container.dir, "file"), "two\n");
    for (const path of ["real/data", "etc/file"])
      fs.rmSync(join(container.rootfs, path), { recursive: true });
    restore(container);
    await until(() => Number(fs.readFileSync(join(container.dir, "host/count"), "utf8")) > at);
    expect(container.call("exec", container.id, "cat", "/etc/file").stdout).toBe("two\n");
    expect(container.call("exec", container.id, "sh", "-c", "echo x >/etc/file").code).not.toBe(0);
  });

  test("leave none of CRIU's on the host", async () => {
    const container = counter();
    const before = fs.readFileSync("/proc/self/mountinfo", "utf8");
    detached(container, "run", []);
    await goesOn(container);
    expect(fs.readFileSync("/proc/self/mountinfo", "utf8")).toBe(before);
  });
});

describe("namespaces", criu, () => {
  test("of others are joined again: network", async () => {
    const container = counter((config) => joins(config, "network", netns()));
    detached(container, "run", []);
    const inode = namespaceOf(container, "net");
    await goesOn(container);
    expect(namespaceOf(container, "net")).toBe(inode);
  });

  test.each(["ipc", "uts"] as const)("of others are joined again: %s", async (type) => {
    const holder = counter();
    detached(holder, "run", []);
    const container = counter((config) => {
      joins(config, type, `/proc/${holder.state().pid}/ns/${type}`);
      if (type === "uts") delete config.hostname;
    });
    detached(container, "run", []);
    const inode = namespaceOf(container, type);
    await goesOn(container);
    expect(namespaceOf(container, type)).toBe(inode);
  });

  test("--empty-ns network restores one without what was in it", async () => {
    const container = counter();
    detached(container, "run", []);
    await goesOn(container, ["--empty-ns", "network"]);
  });
});

describe("what is open", criu, () => {
  function holding(what: "lock" | "tcp"): Container {
    const container = counter((config, rootfs) => {
      fs.copyFileSync(program, join(rootfs, "counter"));
      config.process.args = ["/counter", what];
    });
    detached(container, "run", []);
    return container;
  }

  test("a TCP connection, with --tcp-established", newKernel("TCP sockets"), async () => {
    await goesOn(holding("tcp"), ["--tcp-established"]);
  });

  test("a checkpoint that fails leaves the container running, and says what there is to do", async () => {
    const container = holding("tcp");
    await counted(container);
    const message = failure(container.call("checkpoint", ...PATHS, container.id));
    expect(message).toContain(wording("criu failed: type ", { crun: "CRIU checkpointing failed" }));
    if (runtime.endsWith("runt")) {
      expect(message).toContain(join(container.dir, "work/dump.log"));
      expect(message).toContain("Connected TCP socket");
      expect(message).toContain("hint: --tcp-established");
    }
    expect(container.state().status).toBe("running");
    await counted(container);
  });

  test("file locks, with --file-locks", async () => {
    const container = holding("lock");
    await counted(container);
    expect(container.call("checkpoint", ...PATHS, container.id).code).not.toBe(0);
    expect(container.state().status).toBe("running");
    await goesOn(container, ["--file-locks"]);
    expect(spawnSync("flock", ["-n", join(container.rootfs, "locked"), "true"]).status).not.toBe(0);
  });

  test("pipes to the caller: the one that restores has others", async () => {
    const container = counter(undefined, COUNTING.replace("sleep", "echo $i; sleep"));
    const first = await piped(container, "run", "first");
    await counted(container);
    checkpoint(container);
    await first.ended();
    const second = await piped(container, "restore", "second");
    await until(() => numbers(second.text()).length > 3);
    expect(numbers(second.text())[0]).toBe((numbers(first.text()).at(-1) ?? 0) + 1);
  });

  test("files of the host as standard streams", ofRunt("CRIU is not told of them"), async () => {
    const container = counter(undefined, COUNTING.replace("sleep", "echo $i; sleep"));
    const open = (name: string) => fs.openSync(join(container.dir, name), "a");
    const read = (name: string) => numbers(fs.readFileSync(join(container.dir, name), "utf8"));
    detached(container, "run", [], open("first"));
    await counted(container);
    checkpoint(container);
    const at = read("first").at(-1) ?? 0;
    restore(container, [], open("second"));
    await until(() => read("second").length > 2);
    expect(read("second")[0]).toBe(at + 1);
    expect(read("first").at(-1)).toBe(at);
  });
});

describe("a terminal", criu, () => {
  test("goes to the console socket again", async () => {
    const container = counter(
      (config) => {
        config.process.terminal = true;
      },
      `tty; ${COUNTING.replace("sleep", "echo $i; sleep")}`,
    );
    const first = await receiver(join(container.dir, "first"));
    detached(container, "run", ["--console-socket", first.socket]);
    await counted(container);
    checkpoint(container);
    const second = await receiver(join(container.dir, "second"));
    restore(container, ["--console-socket", second.socket]);
    await until(() => numbers(second.output()).length > 3);
    expect(numbers(second.output())[0]).toBeGreaterThan(1);
    expect(container.call("exec", container.id, "readlink", "/proc/1/fd/0").stdout).toMatch(
      /^\/dev\/pts\/\d+\n$/,
    );
  });

  test("is the caller's, in the foreground", async () => {
    const container = counter(
      (config) => {
        config.process.terminal = true;
      },
      COUNTING.replace("sleep", "test -e /stop && exit 7; echo $i; sleep"),
    );
    const first = await receiver(join(container.dir, "first"));
    detached(container, "run", ["--console-socket", first.socket]);
    await counted(container);
    checkpoint(container);
    const at = count(container);
    const session = inSession(container, `${command(container, "restore", ...PATHS, container.id)}`);
    await until(() => numbers(session.output()).length > 3);
    expect(numbers(session.output())[0]).toBeGreaterThanOrEqual(at);
    fs.writeFileSync(join(container.rootfs, "stop"), "");
    expect((await session.ended()).code).toBe(7);
  });

  const SHELL_JOB = differs({ runc: "CRIU has no standard input there" });

  test("that is the caller's own is another caller's with --shell-job", SHELL_JOB, async () => {
    const container = counter(
      undefined,
      COUNTING.replace("sleep", "test -e /stop && exit 7; echo $i; sleep"),
    );
    const first = inSession(container, `${command(container, "run", container.id)}`);
    await until(() => numbers(first.output()).length > 3);
    checkpoint(container, "--shell-job");
    await first.ended();
    const at = count(container);
    const second = inSession(
      container,
      `${command(container, "restore", "--shell-job", ...PATHS, container.id)}`,
    );
    await until(() => numbers(second.output()).length > 3);
    expect(numbers(second.output())[0]).toBeGreaterThanOrEqual(at);
    fs.writeFileSync(join(container.rootfs, "stop"), "");
    expect((await second.ended()).code).toBe(7);
  });

  test("needs one", () => {
    const container = counter((config) => {
      config.process.terminal = true;
    });
    fs.mkdirSync(join(container.dir, "image"));
    const message = failure(container.call("restore", "--detach", ...PATHS, container.id));
    expect(message).toMatch(/cannot allocate tty if run[ct] will detach without setting console socket/);
  });
});

describe("in the foreground", criu, () => {
  test("restore ends with the container, and deletes it", async () => {
    const container = counter(undefined, `${COUNTING.replace("sleep", "test -e /stop && exit 7; sleep")}`);
    detached(container, "run", []);
    await counted(container);
    checkpoint(container);
    const args = ["--root", container.stateDir, "restore", ...PATHS, container.id];
    const child = spawn(runtime, args, { cwd: container.dir, stdio: "ignore" });
    await counted(container);
    fs.writeFileSync(join(container.rootfs, "stop"), "");
    await until(() => child.exitCode !== null);
    expect(child.exitCode).toBe(7);
    expect(container.call("state", container.id).code).not.toBe(0);
  });
});

describe("checkpoint", criu, () => {
  const OTHER = differs({ runc: "restores into the cgroup that the images name" });

  test("--leave-running leaves it running, and its images are good for another one", OTHER, async () => {
    const container = counter();
    detached(container, "run", []);
    await counted(container);
    const { pid } = container.state();
    checkpoint(container, "--leave-running", "--leave-running");
    expect(container.state()).toMatchObject({ status: "running", pid });
    await counted(container);
    const other = twin(container);
    restore(other);
    expect(other.state().status).toBe("running");
    expect(container.state().status).toBe("running");
    expect(cgroupOf(other)).not.toBe(cgroupOf(container));
    other.delete("--force");
  });

  test("--pre-dump, and then what has changed", feature("mem_dirty_track"), async () => {
    const container = counter();
    detached(container, "run", []);
    await counted(container);
    expect(container.call("checkpoint", "--pre-dump", "--image-path", "parent", container.id).code).toBe(0);
    checkpoint(container, "--parent-path", "../parent");
    expect(fs.readlinkSync(join(container.dir, "image/parent"))).toBe("../parent");
    const at = count(container);
    restore(container);
    await counted(container);
    expect(count(container)).toBeGreaterThan(at);
  });

  test("--lazy-pages, with the memory coming later", {
    ...feature("uffd-noncoop"),
    ...newKernel("pages"),
  }, async () => {
    const container = counter();
    detached(container, "run", []);
    await counted(container);
    const port = 20_000 + (process.pid % 20_000);
    const ready = fs.openSync(join(container.dir, "ready"), "w");
    const args = ["--lazy-pages", "--page-server", `127.0.0.1:${port}`, "--status-fd", "3"];
    const dump = spawn(
      runtime,
      ["--root", container.stateDir, "checkpoint", ...PATHS, ...args, container.id],
      { cwd: container.dir, stdio: ["ignore", "ignore", "inherit", ready] },
    );
    await until(() => fs.readFileSync(join(container.dir, "ready"), "utf8") !== "");
    const at = count(container);
    const images = join(container.dir, "image");
    const server = spawn(
      "criu",
      [
        "lazy-pages",
        "--page-server",
        "--address",
        "127.0.0.1",
        "--port",
        `${port}`,
        "-D",
        images,
        "-W",
        images,
      ],
      { stdio: "ignore" },
    );
    onTestFinished(() => void server.kill("SIGKILL"));
    await until(() => fs.existsSync(join(images, "lazy-pages.socket")));
    const other = twin(container);
    detached(other, "restore", ["--lazy-pages", "--image-path", "image", "--work-path", "image"]);
    await until(() => count(container) > at + 3);
    await until(() => dump.exitCode !== null && server.exitCode !== null);
    expect(dump.exitCode).toBe(0);
    other.delete("--force");
  });

  test("is for running containers", async () => {
    const container = counter();
    container.create();
    expect(failure(container.call("checkpoint", ...PATHS, container.id))).toMatch(
      wording("ontainer cannot be checkpointed in created state", { crun: "." }),
    );
    container.kill("KILL");
    await until(() => container.state().status === "stopped");
    expect(failure(container.call("checkpoint", ...PATHS, container.id))).toMatch(
      wording("ontainer cannot be checkpointed in stopped state", { crun: "." }),
    );
  });

  test.each([
    ["--parent-path must be relative", ["--parent-path", "/before"]],
    ["invalid parent path --parent-path=../none: ENOENT", ["--parent-path", "../none"]],
    ['invalid page-server: "host"', ["--page-server", "host"]],
    ["invalid page-server", ["--page-server", "host:70000"]],
    ["invalid manage-cgroups-mode", ["--manage-cgroups-mode", "none"]],
    ['namespace "pid" is not supported', ["--empty-ns", "pid"]],
    ["invalid --status-fd argument 99", ["--status-fd", "99"]],
  ])("says %s", ofRunt("other words"), async (words, options) => {
    const container = counter();
    detached(container, "run", []);
    await counted(container);
    expect(failure(container.call("checkpoint", ...PATHS, ...options, container.id))).toContain(words);
    expect(container.state().status).toBe("running");
  });
});

describe("hooks", criu, () => {
  const told = (file: string) => ({ path: "/bin/sh", args: ["sh", "-c", `cat >>${file}`] });

  test("of create run before the processes do, and poststop after a checkpoint", async () => {
    const container = counter((config, rootfs) => {
      const file = (name: string) => join(rootfs, "..", name);
      config.hooks = { createRuntime: [told(file("created"))], poststop: [told(file("stopped"))] };
    });
    const read = (name: string) => fs.readFileSync(join(container.dir, name), "utf8");
    detached(container, "run", []);
    await counted(container);
    fs.rmSync(join(container.dir, "created"));
    checkpoint(container);
    expect(JSON.parse(read("stopped"))).toMatchObject({ id: container.id, status: "stopped" });
    restore(container);
    const { pid } = container.state();
    expect(JSON.parse(read("created"))).toMatchObject({ id: container.id, pid });
  });

  test("that fail end the restore, and nothing is left", async () => {
    const container = counter();
    detached(container, "run", []);
    await counted(container);
    checkpoint(container);
    const config = readConfig(container);
    config.hooks = { createRuntime: [{ path: "/bin/sh", args: ["sh", "-c", "echo no >&2; exit 3"] }] };
    writeConfig(container, config);
    const message = failure(
      container.call("restore", "--detach", "--pid-file", "pid", ...PATHS, container.id),
    );
    if (runtime.endsWith("runt"))
      expect(message).toContain("error running createRuntime hook #0: exit status 3");
    expect(container.call("state", container.id).code).not.toBe(0);
    expect(fs.existsSync(join(container.dir, "pid"))).toBe(false);
  });
});

describe("restore", criu, () => {
  test(
    "that is killed leaves nothing that cannot be deleted",
    ofRunt("theirs leave it to be killed by hand"),
    async () => {
      const container = counter();
      detached(container, "run", []);
      await counted(container);
      checkpoint(container);
      const config = readConfig(container);
      const file = join(container.dir, "hook");
      const script = `echo $$ >${file}.new; mv ${file}.new ${file}; exec sleep 1000`;
      config.hooks = { createRuntime: [{ path: "/bin/sh", args: ["sh", "-c", script] }] };
      writeConfig(container, config);
      const args = ["--root", container.stateDir, "restore", "--detach", ...PATHS, container.id];
      const child = spawn(runtime, args, { cwd: container.dir, stdio: "ignore" });
      await until(() => fs.existsSync(file));
      child.kill("SIGKILL");
      await until(() => child.signalCode !== null);
      process.kill(Number(fs.readFileSync(file, "utf8")), "SIGKILL");
      container.delete("--force");
      expect(container.call("state", container.id).code).not.toBe(0);
    },
  );

  test("from damaged images leaves nothing", differs({ runc: "leaves a cgroup and a mount" }), async () => {
    const container = counter();
    detached(container, "run", []);
    await counted(container);
    checkpoint(container);
    fs.rmSync(join(container.dir, "image/pages-1.img"));
    const message = failure(container.call("restore", "--detach", ...PATHS, container.id));
    expect(message).toContain(wording("criu failed: type ", { crun: "CRIU restoring failed" }));
    const path = join(container.dir, "work/restore.log");
    const end = () => fs.readFileSync(path, "utf8").slice(-400);
    if (runtime.endsWith("runt")) expect(message, end()).toContain(`${path}: `);
    expect(container.call("state", container.id).code).not.toBe(0);
  });

  test("of an id that is taken", async () => {
    const container = counter();
    detached(container, "run", []);
    await counted(container);
    checkpoint(container, "--leave-running");
    expect(failure(container.call("restore", "--detach", ...PATHS, container.id))).toContain(
      wording("container with given ID already exists", { crun: "already exists" }),
    );
    expect(container.state().status).toBe("running");
  });

  test("without images", ofRunt("other words"), () => {
    const container = counter();
    expect(failure(container.call("restore", "--detach", ...PATHS, container.id))).toContain("image");
    expect(fs.existsSync(join(container.stateDir, container.id))).toBe(false);
  });
});

describe("without CRIU", () => {
  test(
    "the error says where it was looked for, and the container goes on",
    ofRunt("other words"),
    async () => {
      const container = counter();
      detached(container, "run", []);
      await counted(container);
      const env = { PATH: "/nowhere" };
      const message = failure(container.callWith({ env }, "checkpoint", ...PATHS, container.id));
      expect(message).toContain("execute criu: ENOENT");
      expect(message).toContain("install CRIU");
      expect(message).toContain("/nowhere");
      expect(container.state().status).toBe("running");
      await counted(container);
    },
  );

  test("what it could not restore is refused", ofRunt("crun and runc leave it to CRIU"), () => {
    const container = counter((config, rootfs) => {
      const map = [{ containerID: 0, hostID: 1000, size: 1 }];
      const source = join(rootfs, "etc");
      config.mounts.push({
        destination: "/mapped",
        source,
        options: ["bind"],
        uidMappings: map,
        gidMappings: map,
      });
    });
    detached(container, "run", []);
    const message = failure(container.call("checkpoint", ...PATHS, container.id));
    expect(message).toContain("CRIU cannot restore id-mapped mounts");
    expect(message).toContain("/mounts/");
  });

  test("without a cgroup nothing is restored", ofRunt("has no such option, or goes on"), () => {
    const container = counter();
    fs.mkdirSync(join(container.dir, "image"));
    const disabled = ["--cgroup-manager=disabled", "restore", "--detach", ...PATHS, container.id];
    expect(failure(container.call(...disabled))).toBe("runt: CRIU needs a cgroup for what it restores\n");
    expect(fs.existsSync(join(container.stateDir, container.id))).toBe(false);
  });
});

function joins(config: Config, type: string, path: string): void {
  const { namespaces = [] } = config.linux;
  config.linux.namespaces = [...namespaces.filter((namespace) => namespace.type !== type), { type, path }];
}

function netns(): string {
  const holder = spawn("unshare", ["--net", "sleep", "inf"], { stdio: "ignore" });
  onTestFinished(() => void holder.kill("SIGKILL"));
  const path = `/proc/${holder.pid}/ns/net`;
  return path;
}

function namespaceOf(container: Container, type: string): string {
  return fs.readlinkSync(`/proc/${container.state().pid}/ns/${type}`);
}

/** The numbers of whole lines. */
function numbers(text: string): readonly number[] {
  const complete = text.slice(0, text.lastIndexOf("\n") + 1).split(/\r?\n/);
  return complete.filter((line) => /^\d+$/.test(line)).map(Number);
}

/** For a shell, in the container's directory. */
function command(container: Container, ...args: readonly string[]): string {
  return [runtime, "--root", container.stateDir, ...args].map((word) => `'${word}'`).join(" ");
}

/** Runs it with an anonymous pipe as its standard output and errors, which a file of that name gets. */
async function piped(container: Container, command: string, name: string) {
  const file = join(container.dir, name);
  const options = command === "restore" ? PATHS : [];
  const args = [runtime, "--root", container.stateDir, command, "--detach", ...options, container.id];
  const script = '{ "$@"; echo $? >"$0.status"; } 2>&1 | cat >"$0"';
  const child = spawn("sh", ["-c", script, file, ...args], { cwd: container.dir, stdio: "ignore" });
  onTestFinished(() => void child.kill("SIGKILL"));
  const status = () => (fs.existsSync(`${file}.status`) ? fs.readFileSync(`${file}.status`, "utf8") : "");
  const text = () => fs.readFileSync(file, "utf8");
  await until(() => status().endsWith("\n"));
  if (status() !== "0\n") throw new Error(`${command}: ${text()}`);
  // When nobody has the pipe open any more.
  return { text, ended: () => until(() => child.exitCode !== null) };
}
