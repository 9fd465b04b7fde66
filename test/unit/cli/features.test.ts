import { describe, expect, test } from "vitest";
import { featuresDocument, formatFeatures } from "../../../src/cli/features.ts";
import { rejectUnsupported } from "../../../src/container/unsupported.ts";
import { mountOptionNames, parseMountOptions } from "../../../src/rootfs/mount_options.ts";
import { CAPABILITIES } from "../../../src/spec/capabilities.ts";
import { parseSpec } from "../../../src/spec/parse.ts";

const SUPPORT = { isArchitecture: () => true, isFlag: () => true };
const document = featuresDocument(SUPPORT);

/** As an engine would write it. */
function config(more: object): string {
  return JSON.stringify({ ociVersion: "1.0.0", root: { path: "r" }, ...more });
}

describe("features", () => {
  test("is JSON with four spaces, and every field that engines ask for", () => {
    expect(formatFeatures(SUPPORT)).toBe(`${JSON.stringify(document, undefined, 4)}\n`);
    expect(JSON.parse(formatFeatures(SUPPORT))).toEqual(document);
    expect(document.mountOptions).toContain("rro");
    expect(document.linux.namespaces).toEqual(
      expect.arrayContaining(["cgroup", "ipc", "mount", "network", "pid", "time", "user", "uts"]),
    );
  });

  test("names no mount option that is not in the table", () => {
    for (const option of document.mountOptions) {
      expect(mountOptionNames()).toContain(option);
      expect(parseMountOptions([option]).data).toEqual([]);
    }
  });

  test("names every mount option that is in the table", () => {
    expect(document.mountOptions).toEqual(mountOptionNames());
  });

  test("names versions that config.json may have", () => {
    for (const ociVersion of [document.ociVersionMin, document.ociVersionMax]) {
      expect(() => parseSpec(config({ ociVersion }))).not.toThrow();
    }
  });

  test("names namespaces and capabilities that config.json may have", () => {
    expect(document.linux.capabilities).toEqual([...CAPABILITIES.keys()]);
    for (const type of document.linux.namespaces) {
      const linux = { namespaces: [{ type, path: "/proc/1/ns/x" }] };
      expect(() => parseSpec(config({ linux }))).not.toThrow();
    }
  });

  test.each(["prestart", "createRuntime", "createContainer", "startContainer", "poststart", "poststop"])(
    "promises the hook %s if it is done",
    (hook) => {
      const done = isAccepted({ hooks: { [hook]: [{ path: "/hook" }] } });
      expect(document.hooks.includes(hook as never)).toBe(done);
    },
  );

  test.each(document.mountOptions)("promises the mount option %s, which is accepted", (option) => {
    expect(
      isAccepted({
        linux: { namespaces: [{ type: "mount" }, { type: "user", path: "/proc/1/ns/user" }] },
        mounts: [{ destination: "/x", type: "tmpfs", source: "/y", options: bindFor(option) }],
      }),
    ).toBe(true);
  });

  test("promises the rest if it is done", () => {
    const { seccomp, apparmor, selinux, intelRdt, netDevices, mountExtensions } = document.linux;
    const process = { cwd: "/", args: ["sh"], user: { uid: 0, gid: 0 } };
    const namespaces = [{ type: "mount" }, { type: "network" }, { type: "user", path: "/proc/1/ns/user" }];
    const maps = [{ containerID: 0, hostID: 0, size: 1 }];
    const mount = { destination: "/x", type: "none", source: "/y", uidMappings: maps, gidMappings: maps };
    const done = (more: object) => ({ enabled: isAccepted(more) });
    expect(seccomp).toMatchObject(done({ linux: { seccomp: { defaultAction: "SCMP_ACT_ALLOW" } } }));
    expect(apparmor).toEqual(done({ process: { ...process, apparmorProfile: "x" } }));
    expect(selinux).toEqual(done({ process: { ...process, selinuxLabel: "x" } }));
    expect(intelRdt).toMatchObject(done({ linux: { intelRdt: { closID: "x" } } }));
    expect(netDevices).toEqual(done({ linux: { namespaces, netDevices: { eth0: {} } } }));
    expect(mountExtensions.idmap).toEqual(
      done({ linux: { namespaces }, mounts: [{ ...mount, options: ["bind"] }] }),
    );
  });

  test("names words of seccomp that config.json may have, and of them what the library and the kernel know", () => {
    const { actions, operators, archs, knownFlags, supportedFlags } = document.linux.seccomp;
    for (const action of actions) {
      const syscalls = [{ names: ["read"], action }];
      const seccomp = { defaultAction: "SCMP_ACT_ALLOW", listenerPath: "/x", syscalls };
      expect(() => parseSpec(config({ linux: { seccomp } }))).not.toThrow();
    }
    for (const op of operators) {
      const syscalls = [{ names: ["read"], action: "SCMP_ACT_LOG", args: [{ index: 0, value: 1, op }] }];
      const seccomp = { defaultAction: "SCMP_ACT_ALLOW", syscalls };
      expect(() => parseSpec(config({ linux: { seccomp } }))).not.toThrow();
    }
    const seccomp = { defaultAction: "SCMP_ACT_ALLOW", architectures: archs, flags: knownFlags };
    expect(() => parseSpec(config({ linux: { seccomp } }))).not.toThrow();
    expect([actions.length, operators.length, archs.length, knownFlags.length]).toEqual([9, 7, 23, 4]);
    expect(supportedFlags).toEqual(knownFlags);
    const poor = featuresDocument({
      isArchitecture: (name) => name === "SCMP_ARCH_X86",
      isFlag: () => false,
    });
    expect(poor.linux.seccomp).toMatchObject({ archs: ["SCMP_ARCH_X86"], knownFlags, supportedFlags: [] });
  });

  test("promises cgroup v2 with both drivers", () => {
    const { cgroup } = document.linux;
    expect(cgroup).toEqual({ v1: false, v2: true, systemd: true, systemdUser: true, rdma: true });
  });
});

/** Only bind mounts are idmapped. */
function bindFor(option: string): readonly string[] {
  return option.endsWith("idmap") ? ["bind", option] : [option];
}

/** Whether `create` would go on. What the parser refuses is a mistake of the test. */
function isAccepted(more: object): boolean {
  const { spec } = parseSpec(
    config({ process: { cwd: "/", args: ["sh"], user: { uid: 0, gid: 0 } }, ...more }),
  );
  try {
    rejectUnsupported(spec);
    return true;
  } catch {
    return false;
  }
}
