// ps: the processes of a container, as ids and as ps(1) of the host tells of them.

import * as fs from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { bundle, type Container, differs, failure, runtimeName, stopped, until, wording } from "./bed.ts";
import { cgroupOf } from "./cgroup.ts";
import { sh } from "./config.ts";

const TABLE = differs({ crun: "prints ids only" });

/** A container of three processes. */
async function three(): Promise<Container> {
  const container = bundle((config) => {
    config.process.args = sh("sleep 1001 & sleep 1002 & exec sleep 1003");
  });
  container.create();
  container.start();
  const procs = join(cgroupOf(container), "cgroup.procs");
  await until(() => fs.readFileSync(procs, "utf8").trim().split("\n").length === 3);
  await until(() => fs.readFileSync(`/proc/${container.state().pid}/cmdline`, "utf8").includes("1003"));
  return container;
}

function pids(container: Container): readonly number[] {
  return JSON.parse(container.call("ps", "--format", "json", container.id).stdout) as number[];
}

describe("ps --format json", () => {
  test("has the ids of all processes, on one line", async () => {
    const container = await three();
    const found = pids(container);
    expect(found).toHaveLength(3);
    expect(found).toContain(container.state().pid);
    if (runtimeName !== "crun") {
      const { stdout } = container.call("ps", "-f", "json", container.id);
      expect(stdout).toBe(`${JSON.stringify(found)}\n`);
    }
  });

  test("has those in cgroups that the container has made", async () => {
    const container = await three();
    const [first = 0] = pids(container).filter((pid) => pid !== container.state().pid);
    const inner = join(cgroupOf(container), "inner");
    fs.mkdirSync(inner);
    fs.writeFileSync(join(inner, "cgroup.procs"), String(first));
    expect(pids(container)).toContain(first);
    expect(pids(container)).toHaveLength(3);
  });

  test("of a stopped container is null", differs({ crun: "prints an empty array, or fails" }), async () => {
    const container = await three();
    container.kill("KILL");
    await stopped(container);
    await until(() => container.call("ps", "-f", "json", container.id).stdout === "null\n");
  });
});

describe("ps", TABLE, () => {
  test("prints what ps -ef says of the container's processes only", async () => {
    const container = await three();
    const { code, stdout, stderr } = container.call("ps", container.id);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    const [header, ...lines] = stdout.trimEnd().split("\n");
    expect(header).toMatch(/^UID +PID +PPID +C +STIME +TTY +TIME +CMD$/);
    expect(lines.map((line) => line.match(/sleep 100\d/)?.[0]).sort()).toEqual([
      "sleep 1001",
      "sleep 1002",
      "sleep 1003",
    ]);
  });

  test("hands options on", async () => {
    const container = await three();
    const { stdout } = container.call("ps", container.id, "-e", "-o", "pid,comm");
    const [header, ...lines] = stdout.trimEnd().split("\n");
    expect(header).toMatch(/^ +PID +COMMAND$/);
    expect(lines.map((line) => Number.parseInt(line, 10)).sort()).toEqual([...pids(container)].sort());
  });

  test("needs no PATH", differs({ runc: "finds ps in PATH only" }), async () => {
    const container = await three();
    const { code, stdout } = container.callWith({ under: ["env", "-i"] }, "ps", container.id);
    expect(code).toBe(0);
    expect(stdout.trimEnd().split("\n")).toHaveLength(4);
  });

  test("of a stopped container prints the header", async () => {
    const container = await three();
    container.kill("KILL");
    await stopped(container);
    await until(() => /^UID .* CMD\n$/.test(container.call("ps", container.id).stdout));
  });

  test("refuses options that ps refuses, in its words", async () => {
    const container = await three();
    const message = failure(container.call("ps", container.id, "--no-such-option"));
    expect(message).toMatch(/exit status 1: error: unknown gnu long option/);
  });

  test("needs the column with the ids", async () => {
    const container = await three();
    expect(failure(container.call("ps", container.id, "-eo", "comm"))).toContain(
      "couldn't find PID field in ps output",
    );
  });
});

test("ps of a container that does not exist", () => {
  const container = bundle();
  expect(failure(container.call("ps", container.id))).toContain(
    wording("container does not exist", { crun: "No such file or directory" }),
  );
});

test("ps refuses an unknown format", differs({ crun: "takes it for a table" }), () => {
  const container = bundle();
  container.create();
  expect(failure(container.call("ps", "--format", "xml", container.id))).toContain(wording("invalid format"));
});
