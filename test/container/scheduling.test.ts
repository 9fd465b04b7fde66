// process.scheduler, process.ioPriority, linux.memoryPolicy and linux.personality, as the container's process has them.

import { execFileSync } from "node:child_process";
import * as fs from "node:fs";
import { getPriority } from "node:os";
import { describe, expect, test } from "vitest";
import { bundle, differs, failure, inside } from "./bed.ts";
import { type Config, sh } from "./config.ts";

/** A program of the host looks at a container that waits for its start: nothing changes any more. */
function seen(look: (pid: string) => string, edit: (config: Config) => void): string {
  const container = bundle((config) => {
    config.process.args = ["sleep", "1000"];
    edit(config);
  });
  container.create();
  return look(String(container.state().pid));
}

const run = (command: string, ...args: string[]) => execFileSync(command, args, { encoding: "utf8" });

/** Fields of proc_pid_stat(5), counted as there: 19 is nice, 40 the priority, 41 the policy. */
function stat(pid: string, ...fields: number[]): string[] {
  const text = fs.readFileSync(`/proc/${pid}/stat`, "utf8");
  const rest = text.slice(text.lastIndexOf(")") + 2).split(" ");
  return fields.map((field) => rest[field - 3] ?? "");
}

const NEW = { runc: "1.1 knows nothing of it", crun: "1.8 knows nothing of it" };

describe("a scheduler", () => {
  test.each<[Config["process"]["scheduler"], string]>([
    [{ policy: "SCHED_BATCH", nice: 7 }, "7 0 3"],
    [{ policy: "SCHED_OTHER", nice: -3 }, "-3 0 0"],
    [{ policy: "SCHED_FIFO", priority: 12 }, `${getPriority()} 12 1`],
    [{ policy: "SCHED_RR", priority: 1 }, `${getPriority()} 1 2`],
    [{ policy: "SCHED_IDLE" }, `${getPriority()} 0 5`],
  ])("of %j", differs(NEW), (scheduler, expected) => {
    const found = seen(
      (pid) => stat(pid, 19, 40, 41).join(" "),
      ({ process }) => {
        if (scheduler !== undefined) process.scheduler = scheduler;
      },
    );
    expect(found).toBe(expected);
  });

  test("with a deadline, and flags", differs(NEW), () => {
    const printed = seen(
      (pid) => run("chrt", "--pid", pid),
      ({ process }) => {
        process.scheduler = {
          policy: "SCHED_DEADLINE",
          flags: ["SCHED_FLAG_RESET_ON_FORK"],
          runtime: 1_000_000,
          deadline: 20_000_000,
          period: 30_000_000,
        };
      },
    );
    expect(printed).toContain("SCHED_DEADLINE|SCHED_RESET_ON_FORK");
    expect(printed).toContain("1000000/20000000/30000000");
  });

  test("is for a user without privileges too", differs(NEW), () => {
    const found = seen(
      (pid) => stat(pid, 40, 41).join(" "),
      ({ process }) => {
        process.user = { uid: 1000, gid: 1000 };
        process.capabilities = {};
        process.noNewPrivileges = true;
        process.scheduler = { policy: "SCHED_FIFO", priority: 2 };
      },
    );
    expect(found).toBe("2 1");
  });

  test("that the kernel does not know is an error", differs(NEW), () => {
    const container = bundle(({ process }) => {
      process.scheduler = { policy: "SCHED_ISO" };
    });
    expect(failure(container.run())).toMatch(/sched_setattr/);
  });
});

test.each([
  ["IOPRIO_CLASS_RT", 3, "realtime: prio 3"],
  ["IOPRIO_CLASS_BE", 6, "best-effort: prio 6"],
  ["IOPRIO_CLASS_IDLE", 0, "idle"],
])("an I/O priority of %s", differs(NEW), (name, priority, expected) => {
  const printed = seen(
    (pid) => run("ionice", "-p", pid),
    ({ process }) => {
      process.ioPriority = { class: name, priority };
    },
  );
  expect(printed.trim()).toBe(expected);
});

describe("a memory policy", () => {
  test.each([
    [{ mode: "MPOL_BIND", nodes: "0" }, "bind:0"],
    [{ mode: "MPOL_INTERLEAVE", nodes: "0", flags: ["MPOL_F_STATIC_NODES"] }, "interleave=static:0"],
    [{ mode: "MPOL_PREFERRED", nodes: "0" }, "prefer:0"],
    [{ mode: "MPOL_LOCAL" }, "local"],
    [{ mode: "MPOL_DEFAULT" }, "default"],
  ])("of %j", differs(NEW), (policy, expected) => {
    const line = inside("cut -d' ' -f2 /proc/self/numa_maps | sort -u", ({ linux }) => {
      linux.memoryPolicy = policy;
    });
    expect(line.split("\n")).toContain(expected);
  });

  test("of a node that is not there is an error", differs(NEW), () => {
    const container = bundle(({ linux }) => {
      linux.memoryPolicy = { mode: "MPOL_BIND", nodes: "900" };
    });
    expect(failure(container.run())).toContain("/linux/memoryPolicy: set_mempolicy: EINVAL");
  });
});

test("a personality of 32 bits", differs(NEW), () => {
  const machines = ["LINUX", "LINUX32"].map((domain) =>
    inside("uname -m", ({ linux }) => {
      linux.personality = { domain };
    }),
  );
  expect(machines).toEqual(["x86_64\n", "i686\n"]);
});

test("none of it costs a call", differs({ runc: "is another program", crun: "is another program" }), () => {
  const container = bundle(({ process }) => {
    process.args = sh("exit 0");
  });
  const { stdout } = container.call("explain");
  expect(stdout).not.toMatch(/sched_setattr|ioprio_set|set_mempolicy|personality|attr\/|copyFrom/);
});
