// linux.resources as the kernel has them. Which controllers there are depends on the machine: where one is missing, a
// limit that needs it has to be refused by its name.

import { spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import * as fs from "node:fs";
import { join } from "node:path";
import { describe, expect, onTestFinished, type TestOptions, test } from "vitest";
import {
  bundle,
  type Container,
  differs,
  failure,
  inside,
  readConfig,
  runtimeName,
  stopped,
  twin,
  writeConfig,
} from "./bed.ts";
import { CONTROLLERS, ofRunt } from "./cgroup.ts";
import { type Config, sh } from "./config.ts";
import { cgroupRoot, stateOf } from "./leftovers.ts";
import { hasCapability } from "./privileges.ts";

const ROOT = cgroupRoot();
const MiB = 1 << 20;

/** For tests of what cgroup v2 does: runc and crun use version 1 where both are mounted. */
const V2: TestOptions =
  runtimeName !== "runt" && ROOT !== "/sys/fs/cgroup" ? skipped(`${runtimeName} uses cgroup v1 here`) : {};

function skipped(reason: string): TestOptions {
  return { skip: true, meta: { skipped: reason } };
}

const LOADS_FILTERS = hasCapability("CAP_SYS_RESOURCE")
  ? {}
  : differs({ crun: "raises RLIMIT_MEMLOCK first, which this machine withholds" });

/** For a test that needs a controller of cgroup v2. */
function needs(controller: string): TestOptions {
  return CONTROLLERS.includes(controller) ? V2 : skipped(`${ROOT}/cgroup.controllers has no ${controller}`);
}

const OLD_SHARES = ofRunt("has the new formula of shares from runc 1.3.2 and crun 1.23 on");
const NO_CHECK = differs({ crun: "wants memory.current where checkBeforeUpdate is set" });
const NO_ZERO = ofRunt("takes a pids.limit of 0 for none, as before 1.3 of the specification");
const NO_RESERVATION = ofRunt("does not limit reserved huge pages, runc before 1.2 with the limit in place");

interface Created {
  readonly container: Container;
  /** What a file of its cgroup says. */
  readonly read: (file: string) => string;
  readonly path: string;
}

/** A created container in a cgroup two levels below the root. */
function created(resources: object | undefined, edit: (config: Config) => void = () => {}): Created {
  const name = `runt-test-${randomUUID()}`;
  const container = bundle((config) => {
    config.process.args = ["sleep", "1000"];
    if (resources !== undefined) config.linux.resources = resources;
    config.linux.cgroupsPath = `/${name}/inner`;
    edit(config);
  });
  onTestFinished(() => {
    // The others leave the cgroup above.
    if (runtimeName === "runt") expect(fs.existsSync(join(ROOT, name))).toBe(false);
    else fs.rmdirSync(join(ROOT, name));
  });
  container.create();
  onTestFinished(() => container.delete("--force"));
  const path = join(ROOT, name, "inner");
  return { container, path, read: (file) => fs.readFileSync(join(path, file), "utf8").trim() };
}

/** The error of `create`, which has to leave nothing; for cgroups and processes the test bed looks. */
function refusal(resources: object, cgroupsPath?: string): string {
  const container = bundle((config) => {
    config.linux.resources = resources;
    if (cgroupsPath !== undefined) config.linux.cgroupsPath = cgroupsPath;
  });
  const message = failure(container.call("create", container.id));
  expect(stateOf(container.stateDir)).toEqual([]);
  return message;
}

type Row = readonly [
  controller: string,
  resources: object,
  expected: Readonly<Record<string, string>>,
  options?: TestOptions,
];

const ROWS: readonly Row[] = [
  [
    "memory",
    { memory: { limit: 64 * MiB, swap: 96 * MiB, reservation: 32 * MiB } },
    { "memory.max": `${64 * MiB}`, "memory.swap.max": `${32 * MiB}`, "memory.low": `${32 * MiB}` },
  ],
  [
    "memory",
    { memory: { limit: 64 * MiB, swap: 64 * MiB, checkBeforeUpdate: true } },
    { "memory.max": `${64 * MiB}`, "memory.swap.max": "0" },
    NO_CHECK,
  ],
  ["memory", { unified: { "memory.high": `${48 * MiB}` } }, { "memory.high": `${48 * MiB}` }],
  ["cpu", { cpu: { shares: 1024 } }, { "cpu.weight": "100" }, OLD_SHARES],
  ["cpu", { cpu: { shares: 2048 } }, { "cpu.weight": "174" }, OLD_SHARES],
  [
    "cpu",
    { cpu: { quota: 50000, period: 200000, burst: 10000 } },
    { "cpu.max": "50000 200000", "cpu.max.burst": "10000" },
    ofRunt("has bursts from runc 1.2 and crun 1.12 on"),
  ],
  [
    "cpu",
    { cpu: { shares: 2048, idle: 1 } },
    // The weight that the kernel shows then is 0 or 1, depending on its version.
    { "cpu.idle": "1" },
    ofRunt("writes a weight as well, or no idle"),
  ],
  ["cpuset", { cpu: { cpus: "0", mems: "0" } }, { "cpuset.cpus": "0", "cpuset.mems": "0" }],
  ["pids", { pids: { limit: 100 } }, { "pids.max": "100" }],
  ["pids", { pids: { limit: 0 } }, { "pids.max": "1" }, NO_ZERO],
  ["pids", { pids: { limit: 100 }, unified: { "pids.max": "50" } }, { "pids.max": "50" }],
  [
    "hugetlb",
    { hugepageLimits: [{ pageSize: "2MB", limit: 4 * MiB }] },
    { "hugetlb.2MB.max": `${4 * MiB}`, "hugetlb.2MB.rsvd.max": `${4 * MiB}` },
    NO_RESERVATION,
  ],
  ["hugetlb", { unified: { "hugetlb.2MB.max": "2097152" } }, { "hugetlb.2MB.max": "2097152" }],
];

describe("a limit", V2, () => {
  for (const [controller, resources, expected, options = {}] of ROWS) {
    const text = `of ${controller}: ${JSON.stringify(resources)}`;
    if (CONTROLLERS.includes(controller)) {
      test(`${text} is in the kernel's files`, options, () => {
        const { read } = created(resources);
        expect(Object.fromEntries(Object.keys(expected).map((file) => [file, read(file)]))).toEqual(expected);
      });
    } else {
      test(`${text} is refused, since the controller is missing here`, options, () => {
        const message = refusal(resources);
        expect(message).toContain(controller);
        if (runtimeName !== "runt") return;
        expect(message).toMatch(/^runt: \/linux\/resources\//);
        expect(message).toContain(`controller ${controller} is not available\nhint: `);
      });
    }
  }

  test("that is none needs no controller", ofRunt("refuses network, or needs pids.max"), () => {
    const { container } = created({
      memory: { limit: -1, swap: -1, reservation: 0, disableOOMKiller: false, useHierarchy: false },
      cpu: { shares: 0, quota: -1, period: 100000, cpus: "", idle: 0 },
      pids: { limit: -1 },
      blockIO: { weight: 0, throttleReadBpsDevice: [] },
      network: {},
    });
    expect(container.state().status).toBe("created");
  });

  test("of a file that every cgroup has", () => {
    expect(created({ unified: { "cgroup.max.depth": "7" } }).read("cgroup.max.depth")).toBe("7");
  });

  test("that only cgroup v1 has is ignored with a warning", ofRunt("says nothing"), () => {
    const container = bundle((config) => {
      config.linux.resources = { memory: { swappiness: 10 } };
    });
    const { code, stderr } = container.run();
    expect(code).toBe(0);
    expect(stderr).toContain("/linux/resources/memory/swappiness: cgroup v2 has no such limit: ignored");
  });
});

describe("refused", ofRunt("has other words"), () => {
  test.each([
    [
      "a controller that no kernel has",
      { unified: { "nosuch.max": "1" } },
      /unified\/nosuch\.max: .*controller nosuch is not/,
    ],
    [
      "a file that no kernel has",
      { unified: { "cgroup.nosuch": "1" } },
      /unified\/cgroup\.nosuch: write 1 to .* ENOENT/,
    ],
    [
      "a value that is none",
      { unified: { "cgroup.max.depth": "x" } },
      /unified\/cgroup\.max\.depth: write x to .* EINVAL/,
    ],
    [
      "less swap and memory than memory",
      { memory: { limit: 9, swap: 5 } },
      /memory\/swap: memory\+swap limit 5 should/,
    ],
    [
      "swap without memory",
      { memory: { swap: 5 } },
      /memory\/swap: unable to set swap limit without memory limit/,
    ],
  ])("%s", (_what, resources, expected) => expect(refusal(resources)).toMatch(expected));

  test("a page size that the machine does not have", needs("hugetlb"), () => {
    const hugepageLimits = [{ pageSize: "3MB", limit: 0 }];
    expect(refusal({ hugepageLimits })).toMatch(/hugepageLimits\/0: write 0 to .*hugetlb\.3MB\.max: ENOENT/);
  });

  test(
    "a controller that the parent cannot pass on, since there are processes in it",
    needs("hugetlb"),
    () => {
      const name = `runt-test-${randomUUID()}`;
      const path = join(ROOT, name);
      fs.mkdirSync(path);
      const child = spawn("sleep", ["1000"]);
      fs.writeFileSync(join(path, "cgroup.procs"), String(child.pid));
      onTestFinished(async () => {
        const ended = new Promise((resolve) => child.on("exit", resolve));
        child.kill("SIGKILL");
        await ended;
        fs.rmdirSync(path);
      });
      const message = refusal({ hugepageLimits: [{ pageSize: "2MB", limit: 0 }] }, `/${name}/inner`);
      expect(message).toContain(`controller hugetlb is not available: ${path}/cgroup.subtree_control: EBUSY`);
      const container = bundle((config) => {
        config.linux.cgroupsPath = `/${name}/inner`;
      });
      expect(container.run().code).toBe(0);
    },
  );
});

describe("what a limit does", () => {
  test("the container has the controllers that engines count with", V2, () => {
    const usual = ["cpu", "cpuset", "io", "memory", "pids"].filter((name) => CONTROLLERS.includes(name));
    expect(created(undefined).read("cgroup.controllers").split(" ")).toEqual(expect.arrayContaining(usual));
  });

  test("memory: what takes more is killed", needs("memory"), async () => {
    const { container, read } = created({ memory: { limit: 16 * MiB, swap: 16 * MiB } }, (config) => {
      config.process.args = sh("tail /dev/zero");
    });
    container.start();
    await stopped(container);
    expect(read("memory.events")).toMatch(/^oom_kill [1-9]/m);
  });

  const SMALL = { ...needs("memory"), ...ofRunt("crun needs 512 KiB, runc 8 MiB") };
  test("memory: 256 KiB are enough for /bin/true", SMALL, () => {
    const container = bundle((config) => {
      config.linux.resources = { memory: { limit: 256 << 10 } };
    });
    expect(container.run()).toMatchObject({ code: 0, stderr: "" });
  });

  test("pids: a fork too many fails", needs("pids"), () => {
    const script = "for i in 1 2 3 4 5 6; do sleep 1000 & done 2>&1; kill -9 -1";
    const container = bundle((config) => {
      config.process.args = sh(script);
      config.linux.resources = { pids: { limit: 4 } };
    });
    expect(container.run().stdout).toMatch(/can't fork|Resource temporarily unavailable/);
  });

  test("cpu: the quota throttles", needs("cpu"), async () => {
    const { container, read } = created({ cpu: { quota: 2000, period: 20000 } }, (config) => {
      config.process.args = sh("i=0; while [ $i -lt 20000 ]; do i=$((i + 1)); done");
    });
    container.start();
    await stopped(container);
    expect(read("cpu.stat")).toMatch(/^nr_throttled [1-9]/m);
  });

  test("io: rates of a device are in io.max", needs("io"), () => {
    const numbers = fs
      .readdirSync("/sys/block")
      .filter((name) => !/^(loop|ram|sr|zram)/.test(name))
      .map((name) => fs.readFileSync(`/sys/block/${name}/dev`, "utf8").trim())[0];
    const [major, minor] = (numbers ?? "").split(":").map(Number);
    const { read } = created({
      blockIO: {
        throttleReadBpsDevice: [{ major, minor, rate: 1048576 }],
        throttleWriteBpsDevice: [{ major, minor, rate: 2097152 }],
        throttleReadIOPSDevice: [{ major, minor, rate: 50 }],
        throttleWriteIOPSDevice: [{ major, minor, rate: 100 }],
      },
    });
    expect(read("io.max")).toBe(`${numbers} rbps=1048576 wbps=2097152 riops=50 wiops=100`);
  });
});

describe("the device filter", V2, () => {
  const DENY_ALL = { allow: false, access: "rwm" };
  /** 1:1 is the machine's memory, 1:11 the kernel's log, which the container then lacks another privilege for. */
  const PROBE = [
    "cd /tmp; mknod mem c 1 1; mknod null c 1 3; mknod disk b 7 0",
    "for f in mem null disk /dev/zero /dev/pts/ptmx; do",
    // Allowed even if there is no such device: the filter is asked first.
    '  (: < $f) 2> error; if grep -q "not permitted" error; then echo "$f denied"; else echo "$f allowed"; fi',
    "done",
  ].join("\n");

  function probe(resources: object | undefined): readonly string[] {
    const output = inside(PROBE, (config) => {
      config.root.readonly = false;
      for (const set of ["bounding", "effective", "permitted"] as const) {
        config.process.capabilities?.[set]?.push("CAP_MKNOD", "CAP_SYS_RAWIO");
      }
      if (resources !== undefined) config.linux.resources = resources;
    });
    return output.trim().split("\n");
  }

  const ofDefault = [
    "mem denied",
    "null allowed",
    "disk denied",
    "/dev/zero allowed",
    "/dev/pts/ptmx allowed",
  ];

  test("of runc spec allows the default devices, and making nodes of others", LOADS_FILTERS, () => {
    expect(probe({ devices: [DENY_ALL] })).toEqual(ofDefault);
  });

  test("is there where nothing is said", differs({ crun: "sets none" }), () => {
    expect(probe(undefined)).toEqual(ofDefault);
    expect(probe({ devices: [] })).toEqual(ofDefault);
  });

  test("allows what is listed", LOADS_FILTERS, () => {
    const loop = { allow: true, type: "b", major: 7, minor: 0, access: "r" };
    expect(probe({ devices: [DENY_ALL, loop] })[2]).toBe("disk allowed");
    expect(probe({ devices: [DENY_ALL, { ...loop, access: "w" }] })[2]).toBe("disk denied");
    expect(probe({ devices: [DENY_ALL, { ...loop, minor: 1 }] })[2]).toBe("disk denied");
    expect(probe({ devices: [DENY_ALL, loop, { ...loop, allow: false }] })[2]).toBe("disk denied");
  });

  test("is none where everything is allowed", () => {
    expect(probe({ devices: [{ allow: true, access: "rwm" }] })[2]).toBe("disk allowed");
  });
});

describe("the container's user owns its cgroup", V2, () => {
  const HOST_ID = 100_000;
  const CGROUP = { destination: "/sys/fs/cgroup", type: "cgroup", source: "cgroup" };

  /** Who owns a file of the cgroup. */
  function owner(options: readonly string[], userNamespace: boolean): (file: string) => number {
    const { path } = created(undefined, (config) => {
      config.mounts = config.mounts.filter(({ destination }) => destination !== CGROUP.destination);
      config.mounts.push({ ...CGROUP, options: [...options] });
      if (!userNamespace) return;
      config.linux.namespaces.push({ type: "user" });
      config.linux.uidMappings = [{ containerID: 0, hostID: HOST_ID, size: 65536 }];
      config.linux.gidMappings = [{ containerID: 0, hostID: HOST_ID, size: 65536 }];
    });
    return (file) => fs.statSync(join(path, file)).uid;
  }

  test(
    "if it mounts it writable in namespaces of its own",
    ofRunt("does it with systemd only, or always"),
    () => {
      const uid = owner(["nosuid", "rw"], true);
      expect([uid("."), uid("cgroup.procs"), uid("cgroup.subtree_control")]).toEqual([
        HOST_ID,
        HOST_ID,
        HOST_ID,
      ]);
      expect([uid("cgroup.max.depth"), uid("cgroup.freeze"), uid("..")]).toEqual([0, 0, 0]);
    },
  );

  test("and not if it mounts it read-only", ofRunt("does it with systemd only, or always"), () => {
    expect(owner(["nosuid", "ro"], true)("cgroup.procs")).toBe(0);
  });

  test("which without a user namespace is root", () => {
    expect(owner(["nosuid", "rw"], false)("cgroup.procs")).toBe(0);
  });
});

describe(
  "containers with the same device rules share a filter",
  ofRunt("loads one for each container"),
  () => {
    const rules = (major: number) => ({
      devices: [{ allow: true, type: "c", major, minor: 1, access: "r" }],
    });

    /** Whether `create` has the kernel load a filter. */
    function loads(container: Container): boolean {
      const log = join(container.dir, "bpf");
      const under = ["strace", "--output", log, "--trace=bpf"];
      const { code, stderr } = container.callWith({ under }, "create", container.id);
      expect(code, stderr).toBe(0);
      onTestFinished(() => container.delete("--force"));
      const calls = fs.readFileSync(log, "utf8");
      expect(calls).toContain("BPF_PROG_ATTACH");
      return calls.includes("BPF_PROG_LOAD");
    }

    function withRules(major: number): Container {
      return bundle((config) => {
        config.process.args = ["sleep", "1000"];
        config.linux.resources = rules(major);
      });
    }

    test("while one of them is there", () => {
      const first = withRules(11);
      const second = twin(first);
      expect([loads(first), loads(second)]).toEqual([true, false]);
      expect(first.call("list", "--quiet").stdout.trim().split("\n").sort()).toEqual(
        [first.id, second.id].sort(),
      );
    });

    test("and others have their own", () => {
      const first = withRules(11);
      expect(loads(first)).toBe(true);
      const config = readConfig(first);
      config.linux.resources = rules(12);
      writeConfig(first, config);
      expect(loads(twin(first))).toBe(true);
    });

    test("and what is remembered wrongly does no harm", () => {
      const first = withRules(11);
      expect(loads(first)).toBe(true);
      const [memory = ""] = fs.readdirSync(first.stateDir).filter((name) => name.startsWith("@"));
      const path = join(first.stateDir, memory);
      const content = fs.readFileSync(path);
      // The same instructions, but another time at which they were loaded.
      content.writeUInt8(content.readUInt8(12) ^ 1, 12);
      fs.writeFileSync(path, content);
      expect(loads(twin(first))).toBe(true);
      fs.writeFileSync(path, "nonsense");
      expect(loads(twin(first, `${first.id}.other`))).toBe(true);
    });
  },
);

describe("--cgroup-manager=disabled", differs({ runc: "has no such option" }), () => {
  const DISABLED = "--cgroup-manager=disabled";

  test("leaves the container in the cgroup of its caller", async () => {
    const container = bundle((config) => {
      config.process.args = sh("while :; do sleep 1000; done");
      config.linux.cgroupsPath = "/not-made";
    });
    expect(container.call(DISABLED, "run", "--detach", container.id)).toMatchObject({ code: 0, stderr: "" });
    const ours = fs.readFileSync("/proc/self/cgroup", "utf8");
    const { pid } = container.state();
    expect(fs.readFileSync(`/proc/${pid}/cgroup`, "utf8")).toBe(ours);
    expect(container.call("exec", container.id, "true").code).toBe(0);
    container.kill("KILL");
    await stopped(container);
    container.delete();
  });

  test("is an error where there is a limit", ofRunt("goes on without it"), () => {
    const container = bundle((config) => {
      config.linux.resources = { pids: { limit: 7 } };
    });
    expect(failure(container.call(DISABLED, "create", container.id))).toBe(
      [
        "runt: /linux/resources/pids/limit: there are no limits without a cgroup, which --cgroup-manager=disabled asks for",
        "hint: remove the limit, or let runt make a cgroup: --cgroup-manager=cgroupfs",
        "",
      ].join("\n"),
    );
  });
});
