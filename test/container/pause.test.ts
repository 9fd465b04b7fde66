// pause and resume: when they are allowed, what a paused container does, and that nothing else is left frozen.

import * as fs from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { bundle, type Container, differs, failure, stopped, until, wording } from "./bed.ts";
import { cgroupOf, ofRunt } from "./cgroup.ts";
import { sh } from "./config.ts";

/** Counts in a file, without a pause. */
const COUNTING = "i=0; while :; do i=$((i + 1)); echo $i; sleep 0.01; done";

function counting(): Container {
  const container = bundle((config) => {
    config.process.args = sh(COUNTING);
  });
  container.create();
  container.start();
  return container;
}

function frozen(container: Container): boolean {
  return /^frozen 1$/m.test(fs.readFileSync(join(cgroupOf(container), "cgroup.events"), "utf8"));
}

const NOT_RUNNING = wording("container not running", { crun: "is not running" });
const NOT_PAUSED = wording("container not paused", { crun: "is not paused" });
const STRICT = differs({ crun: "pauses and resumes whatever there is" });

describe("pause", () => {
  test("stops the processes where they are, and resume lets them go on", async () => {
    const container = counting();
    await until(() => container.output() !== "");
    expect(container.call("pause", container.id)).toMatchObject({ code: 0, stdout: "", stderr: "" });
    expect(frozen(container)).toBe(true);
    const before = container.output();
    const { pid } = container.state();
    expect(container.state()).toMatchObject({ status: "paused", pid });
    expect(container.output()).toBe(before);
    expect(container.call("resume", container.id)).toMatchObject({ code: 0, stdout: "", stderr: "" });
    expect(container.state().status).toBe("running");
    await until(() => container.output() !== before);
  });

  test("is in both formats of list", () => {
    const container = counting();
    container.call("pause", container.id);
    expect(container.call("list").stdout).toMatch(new RegExp(`^${container.id} +\\d+ +paused `, "m"));
    expect(JSON.parse(container.call("list", "-f", "json").stdout)).toMatchObject([
      { id: container.id, status: "paused" },
    ]);
  });

  test("of a container that is paused already", STRICT, () => {
    const container = counting();
    container.call("pause", container.id);
    expect(failure(container.call("pause", container.id))).toContain(NOT_RUNNING);
    expect(container.state().status).toBe("paused");
  });

  test("of a created container, which cannot be started then", STRICT, () => {
    const container = bundle();
    container.create();
    expect(container.call("pause", container.id).code).toBe(0);
    expect(container.state().status).toBe("paused");
    expect(failure(container.call("start", container.id))).toContain(
      "cannot start a container in the paused state",
    );
    expect(container.call("resume", container.id).code).toBe(0);
    expect(container.state().status).toBe("created");
    container.start();
  });

  test("of a stopped container", async () => {
    const container = counting();
    container.kill("KILL");
    await stopped(container);
    expect(failure(container.call("pause", container.id))).toContain(
      wording(NOT_RUNNING, { crun: "is not running" }),
    );
    expect(failure(container.call("resume", container.id))).toContain(
      wording(NOT_PAUSED, { crun: "is not running" }),
    );
    container.delete();
  });

  test.each(["pause", "resume"])("%s of a container that does not exist", (command) => {
    const container = bundle();
    expect(failure(container.call(command, container.id))).toContain(
      wording("container does not exist", { crun: "No such file or directory" }),
    );
  });

  test("resume of a running container", STRICT, () => {
    const container = counting();
    expect(failure(container.call("resume", container.id))).toContain(NOT_PAUSED);
    expect(container.state().status).toBe("running");
  });
});

describe("a paused container", () => {
  function paused(): Container {
    const container = counting();
    container.call("pause", container.id);
    expect(container.state().status).toBe("paused");
    return container;
  }

  test("is killed by KILL", async () => {
    const container = paused();
    container.kill("KILL");
    await stopped(container);
    container.delete();
  });

  test("gets another signal when it goes on", async () => {
    const container = bundle((config) => {
      config.process.args = sh("trap 'echo TERM; exit' TERM; echo ready; while :; do sleep 0.01; done");
    });
    container.create();
    container.start();
    await until(() => container.output() === "ready\n");
    container.call("pause", container.id);
    container.kill("TERM");
    expect(container.state().status).toBe("paused");
    expect(container.output()).toBe("ready\n");
    container.call("resume", container.id);
    await stopped(container);
    expect(container.output()).toBe("ready\nTERM\n");
  });

  test("is not deleted without --force", () => {
    const container = paused();
    expect(failure(container.call("delete", container.id))).toContain(
      wording(`cannot delete container ${container.id} that is not stopped: paused`, { crun: "is not in" }),
    );
    expect(container.state().status).toBe("paused");
  });

  test("is deleted with --force, with all of its processes", () => {
    const container = bundle((config) => {
      config.process.args = sh("sleep 1000 & setsid sleep 1000 & exec sleep 1000");
    });
    container.create();
    container.start();
    container.call("pause", container.id);
    container.delete("--force");
    expect(container.call("state", container.id).code).not.toBe(0);
  });

  const ALL = differs({ runc: "before 1.2 kills the first one only", crun: "kills the first one only" });
  test("without a pid namespace of its own is killed with all of its processes", ALL, async () => {
    const container = bundle((config) => {
      config.process.args = sh("sleep 1000 & exec sleep 1000");
      config.linux.namespaces = config.linux.namespaces.filter(({ type }) => type !== "pid");
    });
    container.create();
    container.start();
    const procs = join(cgroupOf(container), "cgroup.procs");
    await until(() => fs.readFileSync(procs, "utf8").trim().split("\n").length === 2);
    container.call("pause", container.id);
    container.kill("KILL");
    await stopped(container);
    await until(() => fs.readFileSync(procs, "utf8") === "");
  });
});

describe("many at the same time", differs({ runc: "has no lock", crun: "has no lock" }), () => {
  test("pause and resume: the status is that of the last one that succeeded", async () => {
    const container = counting();
    const commands = Array.from({ length: 12 }, (_, index) => (index % 2 === 0 ? "pause" : "resume"));
    const results = await Promise.all(commands.map((command) => container.callAsync(command, container.id)));
    const succeeded = results.map(({ code }, index) => (code === 0 ? commands[index] : undefined));
    const surplus = (name: string) => succeeded.filter((command) => command === name).length;
    // Each success of one is followed by one of the other, whatever the order was.
    const difference = surplus("pause") - surplus("resume");
    expect([0, 1]).toContain(difference);
    expect(container.state().status).toBe(difference === 1 ? "paused" : "running");
    expect(frozen(container)).toBe(difference === 1);
    for (const { code, stderr } of results) {
      if (code !== 0) expect(stderr).toMatch(/container not (running|paused)/);
    }
  });
});

describe("what is left when pause does not come to its end", ofRunt("is not asked here"), () => {
  test("nothing, where it fails", () => {
    const container = counting();
    // Its first look at cgroup.events, when it has asked the kernel to freeze.
    const under = ["strace", "-o", join(container.dir, "trace"), "-e", "inject=lseek:error=EIO:when=1"];
    const message = failure(container.callWith({ under }, "pause", container.id));
    expect(message).toContain("EIO");
    expect(fs.readFileSync(join(container.dir, "trace"), "utf8")).toMatch(/write\(\d+, "1"[\s\S]*INJECTED/);
    expect(fs.readFileSync(join(cgroupOf(container), "cgroup.freeze"), "utf8")).toBe("0\n");
    expect(container.state().status).toBe("running");
  });

  test("a paused container, where it is killed", async () => {
    const container = counting();
    const under = ["strace", "-o", join(container.dir, "trace"), "-e", "inject=lseek:signal=KILL:when=1"];
    expect(container.callWith({ under }, "pause", container.id).code).not.toBe(0);
    expect(container.state().status).toBe("paused");
    expect(container.call("resume", container.id).code).toBe(0);
    expect(container.state().status).toBe("running");
    const before = container.output();
    await until(() => container.output() !== before);
  });
});
