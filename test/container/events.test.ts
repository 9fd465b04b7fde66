// events: what a container uses, as lines of JSON, and what ends them.

import { spawn } from "node:child_process";
import * as fs from "node:fs";
import { describe, expect, onTestFinished, type TestOptions, test } from "vitest";
import { bundle, type Container, differs, failure, runtime, runtimeName, stopped, until } from "./bed.ts";
import { needs, readCgroup } from "./cgroup.ts";
import { type Config, sh } from "./config.ts";

const SUITE = differs({ crun: "has no events" });
/** Others do not watch a container without the memory controller. */
const WATCH: TestOptions = runtimeName === "runt" ? {} : needs("memory");

interface Event {
  readonly type: string;
  readonly id: string;
  readonly data?: { readonly [group: string]: unknown };
}

function running(edit: (config: Config) => void = () => {}): Container {
  const container = bundle((config) => {
    config.process.args = ["sleep", "1000"];
    edit(config);
  });
  container.create();
  container.start();
  return container;
}

function stats(container: Container): Event {
  const { code, stdout, stderr } = container.call("events", "--stats", container.id);
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  expect(stdout.split("\n")).toHaveLength(2);
  return JSON.parse(stdout) as Event;
}

interface Watch {
  readonly events: () => readonly Event[];
  readonly ended: Promise<number | null>;
}

function watch(container: Container, ...options: string[]): Watch {
  const args = ["--root", container.stateDir, "events", ...options, container.id];
  const child = spawn(runtime, args, { stdio: ["ignore", "pipe", "inherit"] });
  onTestFinished(() => void child.kill("SIGKILL"));
  let text = "";
  child.stdout.on("data", (data: Buffer) => {
    text += data;
  });
  const ended = new Promise<number | null>((resolve) => child.on("close", resolve));
  const complete = () => text.split("\n").slice(0, -1);
  return { events: () => complete().map((line) => JSON.parse(line) as Event), ended };
}

describe("events --stats", SUITE, () => {
  test("prints one line with every group", () => {
    const container = running();
    const { type, id, data = {} } = stats(container);
    expect({ type, id }).toEqual({ type: "stats", id: container.id });
    const groups = ["cpu", "cpuset", "memory", "pids", "blkio", "hugetlb", "intel_rdt", "network_interfaces"];
    expect(Object.keys(data)).toEqual(groups);
    expect(data).toMatchObject({
      cpu: { usage: { total: expect.any(Number), kernel: expect.any(Number), user: expect.any(Number) } },
      cpuset: { cpu_exclusive: 0, sched_relax_domain_level: 0 },
      memory: { usage: { failcnt: 0 }, kernel: { limit: 0, failcnt: 0 } },
      pids: { current: 1 },
      intel_rdt: {},
      network_interfaces: null,
    });
  });

  test("counts what the container does", async () => {
    const container = running((config) => {
      config.process.args = sh("sleep 1000 & i=0; while [ $i -lt 20000 ]; do i=$((i + 1)); done; wait");
    });
    const total = () => JSON.stringify(stats(container)).match(/"total":(\d+)/)?.[1] ?? "";
    const before = total();
    await until(() => Number(total()) > Number(before));
    expect(stats(container).data?.pids).toMatchObject({ current: 2 });
  });

  test("of a created and of a paused container", () => {
    const container = bundle();
    container.create();
    expect(stats(container).data?.pids).toMatchObject({ current: 1 });
    container.call("pause", container.id);
    expect(stats(container).data?.pids).toMatchObject({ current: 1 });
  });

  test("of huge pages", needs("hugetlb"), () => {
    const container = running((config) => {
      config.linux.resources = { hugepageLimits: [{ pageSize: "2MB", limit: 0 }] };
    });
    expect(stats(container).data?.hugetlb).toMatchObject({ "2MB": { failcnt: 0 } });
  });

  test("has what the files say", needs("memory", "pids"), () => {
    const container = running((config) => {
      config.linux.resources = { memory: { limit: 64 << 20, swap: 96 << 20 }, pids: { limit: 100 } };
    });
    const { memory, pids } = stats(container).data as Record<string, Record<string, object>>;
    expect(pids).toEqual({ current: 1, limit: 100 });
    expect(memory?.usage).toMatchObject({ limit: 64 << 20, usage: expect.any(Number) });
    expect(memory?.swap).toMatchObject({ limit: 96 << 20 });
    const names = readCgroup(container, "memory.stat")
      .split("\n")
      .map((line) => line.split(" ")[0]);
    expect(Object.keys(memory?.raw ?? {}).sort()).toEqual([...names].sort());
  });

  test("of a stopped container is an error", async () => {
    const container = running();
    container.kill("KILL");
    await stopped(container);
    for (const option of [["--stats"], []]) {
      expect(failure(container.call("events", ...option, container.id))).toContain(
        `container with id ${container.id} is not running`,
      );
    }
  });

  test("of a container that does not exist is an error", () => {
    const container = bundle();
    expect(failure(container.call("events", "--stats", container.id))).toContain("container does not exist");
  });
});

describe("events", SUITE, () => {
  test("prints statistics from time to time, until the container ends", WATCH, async () => {
    const container = running();
    const { events, ended } = watch(container, "--interval", "20ms");
    await until(() => events().length >= 3);
    container.kill("KILL");
    expect(await ended).toBe(0);
    expect(new Set(events().map(({ type, id }) => `${type} ${id}`))).toEqual(
      new Set([`stats ${container.id}`]),
    );
  });

  test("goes on while a container is paused, and ends when it is deleted", WATCH, async () => {
    const container = running();
    const { events, ended } = watch(container, "--interval", "20ms");
    container.call("pause", container.id);
    const count = events().length;
    await until(() => events().length > count + 1);
    container.delete("--force");
    expect(await ended).toBe(0);
  });

  test("tells when the kernel has killed for want of memory", needs("memory"), async () => {
    const container = running((config) => {
      config.process.args = sh(
        "while [ ! -e /tmp/go ]; do sleep 0.05; done; tail /dev/zero; exec sleep 1000",
      );
      config.linux.resources = { memory: { limit: 32 << 20, swap: 32 << 20 } };
      config.mounts.push({ destination: "/tmp", type: "tmpfs", source: "tmpfs" });
    });
    const { events, ended } = watch(container, "--interval", "20ms");
    await until(() => events().length > 0);
    expect(events().every(({ type }) => type === "stats")).toBe(true);
    const { pid } = container.state();
    fs.writeFileSync(`/proc/${pid}/root/tmp/go`, "");
    await until(() => events().some(({ type }) => type === "oom"));
    const oom = events().find(({ type }) => type === "oom");
    expect(oom).toEqual({ type: "oom", id: container.id });
    container.kill("KILL");
    expect(await ended).toBe(0);
  });

  test.each(["0s", "-1s"])("refuses the interval %s", (interval) => {
    const container = running();
    expect(failure(container.call("events", "--interval", interval, container.id))).toContain(
      "duration interval must be greater than 0",
    );
  });

  test("refuses an interval without a unit", () => {
    const container = running();
    expect(failure(container.call("events", "--interval", "5", container.id))).toContain(
      'invalid value "5" for flag -interval: parse error',
    );
  });
});
