// linux.netDevices, in a network namespace that each test has in place of the host's.

import { describe, expect, test } from "vitest";
import { bundle, type Container, differs, failure, type Result } from "./bed.ts";
import { type Config, sh, without } from "./config.ts";

const NEW = { runc: "1.1 has none", crun: "1.8 has none" };

/** Runs the container below a shell that prepares a network before it, and looks at it afterwards. */
function runIn(container: Container, before: string, after = "true"): Result {
  const script = `set -e; ip link set lo up; ${before}; code=0; "$0" "$@" || code=$?; ${after}; exit $code`;
  return container.callWith({ under: ["unshare", "--net", "sh", "-c", script] }, "run", container.id);
}

function withDevices(devices: Record<string, { name?: string }>, script: string, edit = (_: Config) => {}) {
  return bundle((config) => {
    config.linux.netDevices = devices;
    config.process.args = sh(script);
    edit(config);
  });
}

const DEVICE = "ip link add d0 type ifb";
const ADDRESSES =
  "ip address add 10.1.2.3/24 broadcast 10.1.2.255 dev d0; ip -6 address add fd00::5/64 dev d0; ip link set d0 up";

describe("a device", () => {
  test("moves with its addresses, and is up", differs(NEW), () => {
    const container = withDevices({ d0: {} }, "ip -o address show dev d0; cat /sys/class/net/d0/flags");
    const { stdout, code } = runIn(container, `${DEVICE}; ${ADDRESSES}`, "! ip link show d0 2>/dev/null");
    expect(stdout).toMatch(/inet 10\.1\.2\.3\/24 brd 10\.1\.2\.255 scope global d0/);
    expect(stdout).toMatch(/inet6 fd00::5\/64 scope global/);
    expect(Number(stdout.trim().split("\n").at(-1)) & 1).toBe(1);
    expect(code).toBe(0);
  });

  test("has another name", differs(NEW), () => {
    const container = withDevices(
      { d0: { name: "eth7" } },
      "ls /sys/class/net; ip -o -4 address show dev eth7",
    );
    const { stdout } = runIn(container, `${DEVICE}; ${ADDRESSES}`);
    expect(stdout).toMatch(/^eth7\nlo\n.*inet 10\.1\.2\.3\/24/);
  });

  test("has a name of a template", differs(NEW), () => {
    const container = withDevices({ d0: { name: "net%d" }, d1: { name: "net%d" } }, "ls /sys/class/net");
    const { stdout } = runIn(container, `${DEVICE}; ip link add d1 type ifb`);
    expect(stdout).toBe("lo\nnet0\nnet1\n");
  });

  test("leaves addresses of a narrower scope behind", differs(NEW), () => {
    const container = withDevices({ d0: {} }, "ip -o -4 address show dev d0");
    const { stdout, code } = runIn(container, `${DEVICE}; ip address add 10.9.9.9/32 scope link dev d0`);
    expect({ stdout, code }).toEqual({ stdout: "", code: 0 });
  });

  test("moves to a user namespace's network", differs(NEW), () => {
    const container = withDevices({ d0: {} }, "ip -o -4 address show dev d0", ({ linux }) => {
      const map = { containerID: 0, hostID: 100_000, size: 65_536 };
      linux.namespaces.push({ type: "user" });
      linux.uidMappings = [map];
      linux.gidMappings = [map];
    });
    expect(runIn(container, `${DEVICE}; ${ADDRESSES}`).stdout).toContain("inet 10.1.2.3/24");
  });

  test("moves to a network that is joined", differs(NEW), () => {
    const other = bundle(({ process }) => {
      process.args = ["sleep", "1000"];
    });
    other.create();
    const container = withDevices({ d0: {} }, "ip -o -4 address show dev d0", (config) => {
      without(config, "network");
      config.linux.namespaces.push({ type: "network", path: `/proc/${other.state().pid}/ns/net` });
    });
    expect(runIn(container, `${DEVICE}; ${ADDRESSES}`).stdout).toContain("inet 10.1.2.3/24");
  });
});

describe("an error", () => {
  test("is a device that is not there", differs(NEW), () => {
    const container = withDevices({ nobody: {} }, "true");
    expect(failure(runIn(container, "true"))).toContain(
      "/linux/netDevices/nobody: move the network device nobody: ENODEV",
    );
  });

  test("is a name that the container has already", differs(NEW), () => {
    const container = withDevices({ d0: { name: "lo" } }, "true");
    const result = runIn(container, DEVICE, "ip -o link show d0");
    expect(failure(result)).toMatch(/\/linux\/netDevices\/d0: .* lo: EEXIST/);
    expect(result.stdout).toContain("d0");
  });

  test("is a device that cannot move", differs(NEW), () => {
    const container = withDevices({ lo: { name: "lo1" } }, "true");
    const result = runIn(container, "true", "ip -o link show dev lo");
    expect(failure(result)).toMatch(/\/linux\/netDevices\/lo: .*EINVAL/);
    expect(result.stdout).toMatch(/<.*\bUP\b.*>/);
  });

  test.each([
    ["up", ADDRESSES, true],
    ["down", "ip address add 10.1.2.3/24 dev d0", false],
  ])("of what comes later gives the device back as it was, %s", differs(NEW), (_, addresses, isUp) => {
    const container = withDevices({ d0: { name: "eth0" } }, "true", ({ process }) => {
      process.args = ["/not/there"];
    });
    const after = "ip -o address show dev d0; ip -o link show dev d0";
    const result = runIn(container, `${DEVICE}; ${addresses}`, after);
    expect(failure(result)).toContain("no such file or directory");
    expect(result.stdout).toContain("inet 10.1.2.3/24");
    expect(result.stdout.includes("fd00::5/64")).toBe(isUp);
    expect(/<.*\bUP\b.*>/.test(result.stdout)).toBe(isUp);
  });

  test("of the second device gives the first one back", differs(NEW), () => {
    const container = withDevices({ d0: {}, d1: {} }, "true");
    const result = runIn(container, `${DEVICE}; ${ADDRESSES}`, "ip -o -4 address show dev d0");
    expect(failure(result)).toContain("/linux/netDevices/d1: ");
    expect(result.stdout).toContain("inet 10.1.2.3/24");
  });
});
