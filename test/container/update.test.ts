// update: other limits for a container that runs. Which controllers there are depends on the machine.

import * as fs from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import {
  bundle,
  type CallOptions,
  type Container,
  differs,
  failure,
  stopped,
  until,
  wording,
} from "./bed.ts";
import { needs, ofRunt, readCgroup } from "./cgroup.ts";
import { type Config, sh } from "./config.ts";

const MiB = 1 << 20;

function running(resources?: object, edit: (config: Config) => void = () => {}): Container {
  const container = bundle((config) => {
    config.process.args = ["sleep", "1000"];
    if (resources !== undefined) config.linux.resources = resources;
    edit(config);
  });
  container.create();
  container.start();
  return container;
}

/** The arguments that update a container to these resources. */
function file(container: Container, resources: object): string[] {
  const path = join(container.dir, "resources.json");
  fs.writeFileSync(path, JSON.stringify(resources));
  return ["update", "--resources", path, container.id];
}

function update(container: Container, resources: object): void {
  expect(container.call(...file(container, resources))).toMatchObject({ code: 0, stderr: "" });
}

const DEPTH = "cgroup.max.depth";
const DESCENDANTS = "cgroup.max.descendants";
const NO_UNIFIED = differs({ crun: "wants a controller that no kernel has: cgroup" });

describe("where the limits come from", NO_UNIFIED, () => {
  test("a file", () => {
    const container = running();
    update(container, { unified: { [DEPTH]: "7" } });
    expect(readCgroup(container, DEPTH)).toBe("7");
  });

  test.each([["--resources", "-"], ["--resources=-"], ["-r", "-"]])("standard input: %s", (...option) => {
    const container = running();
    const path = join(container.dir, "input");
    fs.writeFileSync(path, JSON.stringify({ unified: { [DEPTH]: "8" } }));
    const stdin = fs.openSync(path, "r");
    const options: CallOptions = { stdin };
    expect(container.callWith(options, "update", ...option, container.id).code).toBe(0);
    fs.closeSync(stdin);
    expect(readCgroup(container, DEPTH)).toBe("8");
  });

  test("a file alone, whatever the options say", () => {
    const container = running();
    const args = file(container, { unified: { [DEPTH]: "9" } });
    expect(container.call("update", "--pids-limit", "3", "--memory", "1m", ...args.slice(1)).code).toBe(0);
    expect(readCgroup(container, DEPTH)).toBe("9");
  });

  test("nothing: nothing changes", () => {
    const container = running({ unified: { [DEPTH]: "7" } });
    expect(container.call("update", container.id).code).toBe(0);
    update(container, {});
    expect(readCgroup(container, DEPTH)).toBe("7");
  });
});

describe("which containers", () => {
  test.each(["created", "paused"])("a %s one", NO_UNIFIED, (status) => {
    const container = bundle((config) => {
      config.process.args = ["sleep", "1000"];
    });
    container.create();
    if (status === "paused") container.call("pause", container.id);
    update(container, { unified: { [DEPTH]: "7" } });
    expect(readCgroup(container, DEPTH)).toBe("7");
    expect(container.state().status).toBe(status);
  });

  test("no stopped one", differs({ crun: "updates its cgroup" }), async () => {
    const container = running();
    container.kill("KILL");
    await stopped(container);
    expect(failure(container.call(...file(container, { unified: { [DEPTH]: "7" } })))).toContain(
      "container not running",
    );
  });

  test("none that does not exist", () => {
    const container = bundle();
    expect(failure(container.call("update", "--pids-limit", "1", container.id))).toContain(
      wording("container does not exist", { crun: "No such file or directory" }),
    );
  });
});

describe(
  "an update that fails changes nothing",
  ofRunt("leaves what it has written, or has other words"),
  () => {
    const BEFORE = { unified: { [DEPTH]: "7" } };

    test.each([
      ["not JSON", "{", /resources file is not JSON/],
      ["a wrong type", '{"unified":{"cgroup.max.depth":5}}', /\/unified\/cgroup\.max\.depth: found number 5/],
      [
        "two limits that exclude each other",
        '{"unified":{"cgroup.max.depth":"8"},"memory":{"limit":9,"swap":5}}',
        /memory\/swap: memory\+swap limit 5 should be >= memory limit 9/,
      ],
      [
        "a value that the kernel refuses",
        '{"unified":{"cgroup.max.depth":"8","cgroup.max.descendants":"x"}}',
        /\/unified\/cgroup\.max\.descendants: write x to .*EINVAL/,
      ],
      [
        "a controller that no kernel has",
        '{"unified":{"cgroup.max.depth":"8","nosuch.max":"1"}}',
        /\/unified\/nosuch\.max: .*controller nosuch is not available/,
      ],
    ])("%s", (_what, text, message) => {
      const container = running(BEFORE);
      const path = join(container.dir, "resources.json");
      fs.writeFileSync(path, text);
      expect(failure(container.call("update", "-r", path, container.id))).toMatch(message);
      expect(readCgroup(container, DEPTH)).toBe("7");
      expect(readCgroup(container, DESCENDANTS)).toBe("max");
    });

    test("a file that is not there", () => {
      const container = running();
      expect(failure(container.call("update", "-r", "/no/such/file", container.id))).toContain(
        "read /no/such/file: ENOENT",
      );
    });
  },
);

describe("options that are none here", () => {
  test.each([
    ["--l3-cache-schema", "Intel RDT/CAT: l3 cache schema is not enabled"],
    ["--mem-bw-schema", "Intel RDT/MBA: memory bandwidth schema is not enabled"],
  ])("%s is refused", differs({ crun: "has other words" }), (option, message) => {
    const container = running();
    expect(failure(container.call("update", option, "x", container.id))).toContain(message);
  });

  test("kernel memory is ignored with a warning", ofRunt("has other words"), () => {
    const container = running();
    const result = container.call("update", "--kernel-memory", "1m", container.id);
    expect(result).toMatchObject({
      code: 0,
      stderr: "runt: warning: Setting --kernel-memory is ignored and will be removed\n",
    });
  });

  test("a size that is none", differs({ crun: "takes what it can read" }), () => {
    const container = running();
    expect(failure(container.call("update", "--memory", "10x", container.id))).toContain(
      "invalid value for memory: invalid size: ",
    );
  });
});

describe("huge pages", needs("hugetlb"), () => {
  test("of one size", ofRunt("does not limit huge pages in update"), () => {
    const container = running({ hugepageLimits: [{ pageSize: "2MB", limit: 4 * MiB }] });
    update(container, { hugepageLimits: [{ pageSize: "2MB", limit: 8 * MiB }] });
    expect(readCgroup(container, "hugetlb.2MB.max")).toBe(`${8 * MiB}`);
    expect(readCgroup(container, "hugetlb.2MB.rsvd.max")).toBe(`${8 * MiB}`);
  });
});

describe("pids", needs("pids"), () => {
  test.each([
    ["5", "5"],
    ["-1", "max"],
  ])("--pids-limit %s", (value, expected) => {
    const container = running({ pids: { limit: 100 } });
    expect(container.call("update", "--pids-limit", value, container.id).code).toBe(0);
    expect(readCgroup(container, "pids.max")).toBe(expected);
  });
});

describe("memory", needs("memory"), () => {
  const limits = (container: Container) =>
    ["memory.max", "memory.swap.max"].map((name) => readCgroup(container, name));

  test(
    "a limit alone keeps that of memory and swap together",
    differs({ crun: "keeps that of swap" }),
    () => {
      const container = running({ memory: { limit: 64 * MiB, swap: 96 * MiB } });
      expect(container.call("update", "--memory", "32M", container.id).code).toBe(0);
      expect(limits(container)).toEqual([`${32 * MiB}`, `${64 * MiB}`]);
      expect(container.call("update", "--memory", "48M", container.id).code).toBe(0);
      expect(limits(container)).toEqual([`${48 * MiB}`, `${48 * MiB}`]);
      expect(failure(container.call("update", "--memory", "128M", container.id))).toContain(
        "memory+swap limit",
      );
      expect(limits(container)).toEqual([`${48 * MiB}`, `${48 * MiB}`]);
    },
  );

  test("a limit of swap alone is one with the memory limit", differs({ crun: "wants both" }), () => {
    const container = running({ memory: { limit: 64 * MiB } });
    expect(container.call("update", "--memory-swap", "80M", container.id).code).toBe(0);
    expect(limits(container)).toEqual([`${64 * MiB}`, `${16 * MiB}`]);
  });

  test("none, which takes that of swap away too", differs({ crun: "keeps that of swap" }), () => {
    const container = running({ memory: { limit: 64 * MiB, swap: 96 * MiB } });
    expect(container.call("update", "--memory", "-1", container.id).code).toBe(0);
    expect(limits(container)).toEqual(["max", "max"]);
  });

  test("checkBeforeUpdate refuses less than is used", differs({ crun: "has other words" }), async () => {
    const script = "dd if=/dev/zero of=/dev/shm/x bs=1M count=24 2>/dev/null; echo ready; exec sleep 1000";
    const container = running({ memory: { limit: 64 * MiB } }, (config) => {
      config.process.args = sh(script);
    });
    await until(() => container.output() === "ready\n");
    const memory = { limit: 8 * MiB, checkBeforeUpdate: true };
    expect(failure(container.call(...file(container, { memory })))).toMatch(
      /rejecting memory limit 8388608 <= usage \d+/,
    );
    expect(readCgroup(container, "memory.max")).toBe(`${64 * MiB}`);
  });
});

describe("cpu", needs("cpu", "cpuset"), () => {
  test("a quota alone keeps the period, and a period the quota", () => {
    const container = running({ cpu: { quota: 50000, period: 200000 } });
    expect(container.call("update", "--cpu-quota", "20000", container.id).code).toBe(0);
    expect(readCgroup(container, "cpu.max")).toBe("20000 200000");
    expect(container.call("update", "--cpu-period", "40000", container.id).code).toBe(0);
    expect(readCgroup(container, "cpu.max")).toBe("20000 40000");
    expect(container.call("update", "--cpu-quota", "-1", container.id).code).toBe(0);
    expect(readCgroup(container, "cpu.max")).toBe("max 40000");
  });

  test("a quota below the burst is refused", ofRunt("has other words"), () => {
    const container = running({ cpu: { quota: 50000, period: 100000, burst: 30000 } });
    expect(failure(container.call("update", "--cpu-quota", "20000", container.id))).toContain(
      "burst 30000 is above quota 20000",
    );
    expect(container.call("update", "--cpu-quota", "20000", "--cpu-burst", "0", container.id).code).toBe(0);
    expect(readCgroup(container, "cpu.max.burst")).toBe("0");
  });

  test("idle, and back to the weight", ofRunt("resets the weight, or has no idle"), () => {
    const container = running({ cpu: { shares: 2048 } });
    expect(container.call("update", "--cpu-idle", "1", container.id).code).toBe(0);
    expect(readCgroup(container, "cpu.idle")).toBe("1");
    expect(container.call("update", "--cpu-share", "2048", container.id).code).toBe(0);
    expect(container.call("update", "--cpu-idle", "0", container.id).code).toBe(0);
    expect(readCgroup(container, "cpu.weight")).toBe("174");
  });

  test("the CPUs", () => {
    const container = running();
    expect(container.call("update", "--cpuset-cpus", "0", "--cpuset-mems", "0", container.id).code).toBe(0);
    expect([readCgroup(container, "cpuset.cpus"), readCgroup(container, "cpuset.mems")]).toEqual(["0", "0"]);
  });
});

describe("the device filter", ofRunt("does not update devices"), () => {
  const DENY = { allow: false, access: "rwm" };
  /** For experiments: no driver has it, and who may open it hears that. */
  const NOBODYS = { allow: true, type: "c", major: 60, minor: 0, access: "rw" };

  /** Tries a device all the time; what the shell says of each failure is in a file. */
  function trying(devices: readonly object[]): { container: Container; lines: () => readonly string[] } {
    const container = running({ devices }, (config) => {
      config.root.readonly = false;
      config.process.args = sh(
        "mknod /tmp/device c 60 0; exec 2>/tmp/errors; while :; do true < /tmp/device; done",
      );
      for (const set of ["bounding", "effective", "permitted"] as const) {
        config.process.capabilities?.[set]?.push("CAP_MKNOD");
      }
    });
    const errors = join(container.rootfs, "tmp/errors");
    const lines = () =>
      fs.existsSync(errors) ? fs.readFileSync(errors, "utf8").split("\n").slice(0, -1) : [];
    return { container, lines };
  }

  const denied = (line = "") => line.includes("Operation not permitted");
  const opened = (line = "") => line.includes("No such device or address");

  test("allows what is listed now, and denies what is not any more", async () => {
    const { container, lines } = trying([DENY]);
    await until(() => denied(lines().at(-1)));
    update(container, { devices: [DENY, NOBODYS] });
    await until(() => opened(lines().at(-1)));
    update(container, { devices: [DENY] });
    await until(() => denied(lines().at(-1)));
  });

  test("is exchanged without a moment without one", async () => {
    const { container, lines } = trying([DENY]);
    const other = { ...NOBODYS, minor: 9 };
    await until(() => lines().length > 0);
    for (let round = 0; round < 20; round++) {
      update(container, { devices: round % 2 === 0 ? [DENY, other] : [DENY] });
    }
    const count = lines().length;
    await until(() => lines().length > count);
    expect(lines().filter((line) => !denied(line))).toEqual([]);
  });

  test("that is taken away is the only one", async () => {
    const { container, lines } = trying([DENY]);
    for (let minor = 1; minor <= 3; minor++) update(container, { devices: [DENY, { ...NOBODYS, minor }] });
    await until(() => denied(lines().at(-1)));
    update(container, { devices: [{ allow: true, access: "rwm" }] });
    await until(() => opened(lines().at(-1)));
  });

  test("stays where the update says nothing of devices", async () => {
    const { container, lines } = trying([DENY]);
    await until(() => lines().length > 0);
    update(container, { devices: [], unified: { [DEPTH]: "7" } });
    const count = lines().length;
    await until(() => lines().length > count);
    expect(lines().every((line) => denied(line))).toBe(true);
  });
});
