// linux.namespaces: new ones, the host's and joined ones, and what is set inside them.

import { spawn } from "node:child_process";
import { once } from "node:events";
import * as fs from "node:fs";
import { describe, expect, onTestFinished, test } from "vitest";
import { bundle, type Container, differs, failure, inside } from "./bed.ts";
import { type Config, type IdMapping, sh, without } from "./config.ts";

/** The names of /proc/PID/ns. */
const LINKS = {
  pid: "pid",
  network: "net",
  ipc: "ipc",
  uts: "uts",
  mount: "mnt",
  cgroup: "cgroup",
  user: "user",
  time: "time",
};
type Type = keyof typeof LINKS;

const NEW: Type[] = ["pid", "network", "ipc", "uts", "mount", "cgroup"];
const NO_TIME = { runc: "version 1.1 has no time namespaces", crun: "version 1.8 has no time namespaces" };

function namespaceOf(pid: number | "self", type: Type): string {
  return fs.readlinkSync(`/proc/${pid}/ns/${LINKS[type]}`);
}

const readNamespace = (type: Type) => `readlink /proc/self/ns/${LINKS[type]}`;

/** Root of the container is this user of the host. */
const HOST_ID = 100_000;
const MAPPINGS: IdMapping[] = [{ containerID: 0, hostID: HOST_ID, size: 65_536 }];

function withUserNamespace(config: Config): void {
  config.linux.namespaces.push({ type: "user" });
  config.linux.uidMappings = MAPPINGS;
  config.linux.gidMappings = MAPPINGS;
}

function join(config: Config, type: string, path: string): void {
  without(config, type);
  config.linux.namespaces.push({ type, path });
}

describe("a new namespace", () => {
  test.each(NEW)("%s", (type) => {
    const link = inside(readNamespace(type)).trim();
    expect(link).toMatch(/^\w+:\[\d+\]$/);
    expect(link).not.toBe(namespaceOf("self", type));
  });

  test("user", () => {
    expect(inside(readNamespace("user"), withUserNamespace).trim()).not.toBe(namespaceOf("self", "user"));
  });

  test("time", differs(NO_TIME), () => {
    const link = inside(readNamespace("time"), (config) => config.linux.namespaces.push({ type: "time" }));
    expect(link.trim()).not.toBe(namespaceOf("self", "time"));
  });

  test("pid: the program is the first process", () => {
    expect(inside("echo $$")).toBe("1\n");
  });

  test("cgroup: its root is the container's cgroup", () => {
    expect(inside("grep ^0:: /proc/self/cgroup")).toBe("0::/\n");
  });

  test("network: loopback is up, and there is nothing else", () => {
    expect(inside("ip -o link | grep -c .; ip -o link show lo; ip -o addr show lo")).toMatch(
      /^1\n1: lo: <[^>]*\bUP\b[^>]*>.*\n.*127\.0\.0\.1\/8/,
    );
  });

  test("uts: hostname", () => {
    const host = fs.readFileSync("/proc/sys/kernel/hostname", "utf8");
    expect(
      inside("hostname", (config) => {
        config.hostname = "inner.example";
      }),
    ).toBe("inner.example\n");
    expect(fs.readFileSync("/proc/sys/kernel/hostname", "utf8")).toBe(host);
  });

  test("uts: domainname", differs({ runc: "version 1.1 has no domainname" }), () => {
    expect(
      inside("cat /proc/sys/kernel/domainname", (config) => {
        config.domainname = "domain.example";
      }),
    ).toBe("domain.example\n");
  });

  test("time: offsets", differs(NO_TIME), () => {
    const uptime = (text: string) => Number(text.split(" ")[0]);
    const outside = uptime(fs.readFileSync("/proc/uptime", "utf8"));
    const offset =
      uptime(
        inside("cat /proc/uptime", (config) => {
          config.linux.namespaces.push({ type: "time" });
          config.linux.timeOffsets = {
            boottime: { secs: 1_000_000, nanosecs: 999_999_999 },
            monotonic: { secs: 500_000, nanosecs: 1 },
          };
        }),
      ) - outside;
    expect(offset).toBeGreaterThanOrEqual(1_000_000);
    expect(offset).toBeLessThan(1_000_060);
  });
});

describe("the host's namespace", () => {
  test.each(["network", "ipc", "cgroup"] as const)("%s, where the config does not list it", (type) => {
    expect(inside(readNamespace(type), (config) => without(config, type)).trim()).toBe(
      namespaceOf("self", type),
    );
  });

  test("uts", () => {
    const link = inside(readNamespace("uts"), (config) => {
      without(config, "uts");
      delete config.hostname;
    });
    expect(link.trim()).toBe(namespaceOf("self", "uts"));
  });

  test("pid", () => {
    const link = inside(readNamespace("pid"), (config) => {
      without(config, "pid");
      config.linux.maskedPaths = [];
      config.linux.readonlyPaths = [];
    });
    expect(link.trim()).toBe(namespaceOf("self", "pid"));
  });

  test("uts, with a hostname, is refused", () => {
    const container = bundle((config) => without(config, "uts"));
    expect(failure(container.run())).toMatch(/UTS/);
  });

  test(
    "mount: refused with masked paths, without mounting anything",
    differs({ crun: "mounts on the host" }),
    () => {
      const before = fs.readFileSync("/proc/self/mountinfo", "utf8");
      const container = bundle((config) => without(config, "mount"));
      failure(container.run());
      expect(fs.readFileSync("/proc/self/mountinfo", "utf8")).toBe(before);
    },
  );
});

describe("a user namespace", () => {
  test("has the maps of the config", () => {
    const maps = inside("cat /proc/self/uid_map /proc/self/gid_map /proc/self/setgroups; id -u", (config) => {
      config.linux.namespaces.push({ type: "user" });
      config.linux.uidMappings = [...MAPPINGS, { containerID: 70_000, hostID: 300_000, size: 10 }];
      config.linux.gidMappings = [{ containerID: 0, hostID: 200_000, size: 65_536 }];
    });
    expect(maps.split("\n").map((line) => line.trim().split(/ +/).join(" "))).toEqual([
      "0 100000 65536",
      "70000 300000 10",
      "0 200000 65536",
      "allow",
      "0",
      "",
    ]);
  });

  test("its root has no rights on the host", () => {
    const container = bundle((config) => {
      config.process.args = ["sleep", "1000"];
      withUserNamespace(config);
    });
    container.create();
    const status = fs.readFileSync(`/proc/${container.state().pid}/status`, "utf8");
    expect(status).toContain(`Uid:\t${Array(4).fill(HOST_ID).join("\t")}\n`);
  });

  test("users and groups are those of the container", () => {
    expect(
      inside("id -u; id -g; id -G", (config) => {
        withUserNamespace(config);
        config.process.user = { uid: 1000, gid: 1001, additionalGids: [7] };
      }),
    ).toBe("1000\n1001\n1001 7\n");
  });

  test("devices are the host's, through bind mounts", () => {
    expect(inside("stat -c '%t:%T' /dev/null /dev/tty; echo x > /dev/null", withUserNamespace)).toBe(
      "1:3\n5:0\n",
    );
  });

  test("a user who is not mapped is refused", () => {
    const container = bundle((config) => {
      withUserNamespace(config);
      config.process.user.uid = 65_536;
    });
    expect(failure(container.run())).not.toBe("");
  });

  test.each([
    ["without mappings", []],
    ["with mappings that overlap", [...MAPPINGS, { containerID: 5, hostID: 500_000, size: 1 }]],
  ])("%s is refused", differs({ crun: "version 1.8 maps the caller" }), (_, mappings) => {
    const container = bundle((config) => {
      withUserNamespace(config);
      config.linux.uidMappings = mappings;
    });
    expect(failure(container.run())).not.toBe("");
  });
});

/** A process with new namespaces of its own. `unshare` is told which. */
async function holder(...flags: string[]): Promise<number> {
  const child = spawn("unshare", [...flags, "sh", "-c", "echo $$; exec sleep 1000"], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  onTestFinished(() => void child.kill("SIGKILL"));
  const [pid] = (await once(child.stdout, "data")) as [Buffer];
  return Number(pid);
}

describe("joining", () => {
  test.each([
    ["network", ["--net"]],
    ["ipc", ["--ipc"]],
    ["uts", ["--uts"]],
    ["cgroup", ["--cgroup"]],
  ] as const)("%s", async (type, flags) => {
    const pid = await holder(...flags);
    const link = inside(readNamespace(type), (config) => {
      delete config.hostname;
      join(config, type, `/proc/${pid}/ns/${LINKS[type]}`);
    });
    expect(link.trim()).toBe(namespaceOf(pid, type));
    expect(link.trim()).not.toBe(namespaceOf("self", type));
  });

  test("time", differs(NO_TIME), async () => {
    const pid = await holder("--time", "--fork", "--kill-child");
    const link = inside(readNamespace("time"), (config) => join(config, "time", `/proc/${pid}/ns/time`));
    expect(link.trim()).toBe(namespaceOf(pid, "time"));
  });

  test("mount", differs({ crun: "version 1.8 cannot pivot there" }), async () => {
    const pid = await holder("--mount");
    const link = inside(readNamespace("mount"), (config) => join(config, "mount", `/proc/${pid}/ns/mnt`));
    expect(link.trim()).toBe(namespaceOf(pid, "mount"));
  });

  /** A container that runs for as long as the test. */
  function other(edit: (config: Config) => void = () => {}): Container {
    const container = bundle((config) => {
      config.process.args = ["sleep", "1000"];
      edit(config);
    });
    container.run("--detach");
    return container;
  }

  test("pid: the processes of both see each other, and the joined one is not the first", () => {
    const { pid } = other().state();
    const seen = inside(
      "tr '\\0' ' ' < /proc/1/cmdline; echo; readlink /proc/self/ns/pid; [ $$ != 1 ]",
      (config) => join(config, "pid", `/proc/${pid}/ns/pid`),
    );
    expect(seen).toBe(`sleep 1000 \n${namespaceOf(pid, "pid")}\n`);
  });

  test("pid, and a time namespace of its own", differs(NO_TIME), () => {
    const { pid } = other().state();
    const offset = { monotonic: { secs: 1000, nanosecs: 0 } };
    for (let round = 0; round < 5; round++) {
      const seen = inside("readlink /proc/self/ns/pid; cat /proc/self/timens_offsets", (config) => {
        join(config, "pid", `/proc/${pid}/ns/pid`);
        config.linux.namespaces.push({ type: "time" });
        config.linux.timeOffsets = offset;
      });
      const [link, line = ""] = seen.split("\n");
      expect(link).toBe(namespaceOf(pid, "pid"));
      expect(line).toMatch(/^monotonic +1000 /);
    }
  });

  test("pid: delete --force ends the joined container and no other", () => {
    const first = other();
    const second = other((config) => join(config, "pid", `/proc/${first.state().pid}/ns/pid`));
    second.delete("--force");
    expect(first.state().status).toBe("running");
  });

  test("user", () => {
    const { pid } = other(withUserNamespace).state();
    const link = inside(`${readNamespace("user")}; tr -s ' ' < /proc/self/uid_map`, (config) => {
      join(config, "user", `/proc/${pid}/ns/user`);
      config.linux.uidMappings = MAPPINGS;
      config.linux.gidMappings = MAPPINGS;
    });
    expect(link).toBe(`${namespaceOf(pid, "user")}\n 0 ${HOST_ID} 65536\n`);
  });

  test("all of another container, as a pod does", () => {
    const { pid } = other().state();
    const types = ["network", "ipc", "uts"] as const;
    const links = inside(types.map(readNamespace).join("; "), (config) => {
      delete config.hostname;
      for (const type of types) join(config, type, `/proc/${pid}/ns/${LINKS[type]}`);
    });
    expect(links.trim().split("\n")).toEqual(types.map((type) => namespaceOf(pid, type)));
  });

  test.each([
    ["of another type", "/proc/self/ns/uts"],
    ["that is no namespace", "/etc/passwd"],
    ["that does not exist", "/nonexistent"],
    ["that is a directory", "/proc/self/ns"],
  ])("a path %s is refused", (_, path) => {
    const container = bundle((config) => join(config, "network", path));
    expect(failure(container.run())).not.toBe("");
  });

  test.each(["user", "pid", "mount", "ipc", "cgroup"])("a network namespace as %s is refused", (type) => {
    const container = bundle((config) => join(config, type, "/proc/self/ns/net"));
    expect(failure(container.run())).not.toBe("");
  });
});

describe("linux.namespaces", () => {
  test("with a duplicate is refused", differs({ crun: "version 1.8 takes it" }), () => {
    const container = bundle((config) => config.linux.namespaces.push({ type: "ipc" }));
    expect(failure(container.run())).toMatch(/duplicate/);
  });

  test("with an unknown type is refused", () => {
    const container = bundle((config) => config.linux.namespaces.push({ type: "nosuch" }));
    expect(failure(container.run())).toContain("nosuch");
  });
});

describe("sysctl", () => {
  test("of the new namespaces", () => {
    const sysctl = {
      "net.ipv4.ip_forward": "1",
      "kernel.msgmax": "8888",
      "net.ipv4.conf.lo.forwarding": "1",
    };
    const files = Object.keys(sysctl).map((key) => `/proc/sys/${key.replaceAll(".", "/")}`);
    expect(
      inside(`cat ${files.join(" ")}`, (config) => {
        config.linux.sysctl = sysctl;
      }),
    ).toBe("1\n8888\n1\n");
  });

  test("of a user namespace that may not mount the procfs of its pid namespace", () => {
    expect(
      inside("cat /proc/sys/kernel/msgmax", (config) => {
        without(config, "pid");
        config.linux.namespaces.push({ type: "user" });
        config.linux.uidMappings = [{ containerID: 0, hostID: 100_000, size: 1000 }];
        config.linux.gidMappings = config.linux.uidMappings;
        config.mounts = config.mounts.filter(({ destination }) => destination !== "/proc");
        config.mounts.push({
          destination: "/proc",
          type: "bind",
          source: "/proc",
          options: ["rbind", "nosuid", "noexec", "nodev"],
        });
        config.linux.sysctl = { "kernel.msgmax": "8888" };
      }),
    ).toBe("8888\n");
  });

  test.each([
    ["network", "net.ipv4.ip_forward"],
    ["ipc", "kernel.msgmax"],
  ])("of the host's %s namespace is refused", (type, key) => {
    const before = fs.readFileSync(`/proc/sys/${key.replaceAll(".", "/")}`, "utf8");
    const container = bundle((config) => {
      without(config, type);
      config.linux.sysctl = { [key]: "1234" };
    });
    expect(failure(container.run())).toContain(key);
    expect(fs.readFileSync(`/proc/sys/${key.replaceAll(".", "/")}`, "utf8")).toBe(before);
  });

  test("without a namespace of its own is refused", () => {
    const container = bundle((config) => {
      config.process.args = sh("true");
      config.linux.sysctl = { "vm.swappiness": "60" };
    });
    expect(failure(container.run())).toContain("vm.swappiness");
  });
});
