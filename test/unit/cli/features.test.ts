import { describe, expect, test } from "vitest";
import { featuresDocument, formatFeatures } from "../../../src/cli/features.ts";
import { rejectUnsupported } from "../../../src/container/unsupported.ts";
import { mountOptionNames, parseMountOptions } from "../../../src/rootfs/mount_options.ts";
import { CAPABILITIES } from "../../../src/spec/capabilities.ts";
import { parseSpec } from "../../../src/spec/parse.ts";

const document = featuresDocument();

/** As an engine would write it. */
function config(more: object): string {
  return JSON.stringify({ ociVersion: "1.0.0", root: { path: "r" }, ...more });
}

describe("features", () => {
  test("is JSON with four spaces, and every field that engines ask for", () => {
    expect(formatFeatures()).toBe(`${JSON.stringify(document, undefined, 4)}\n`);
    expect(JSON.parse(formatFeatures())).toEqual(document);
    expect(document.mountOptions).toContain("rro");
    expect(document.linux.namespaces).toEqual(
      expect.arrayContaining(["cgroup", "ipc", "mount", "network", "pid", "time", "user", "uts"]),
    );
  });

  test("names no mount option that is not in the table or is not done", () => {
    for (const option of document.mountOptions) {
      expect(mountOptionNames()).toContain(option);
      const { data, idmap, tmpcopyup } = parseMountOptions([option]);
      expect({ data, idmap, tmpcopyup }).toEqual({ data: [], idmap: false, tmpcopyup: false });
    }
  });

  test("names every mount option that is in the table and is done", () => {
    const done = mountOptionNames().filter((option) => {
      const { idmap, tmpcopyup } = parseMountOptions([option]);
      return !idmap && !tmpcopyup;
    });
    expect(document.mountOptions).toEqual(done);
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
        linux: { namespaces: [{ type: "mount" }] },
        mounts: [{ destination: "/x", type: "tmpfs", source: "/y", options: [option] }],
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
    expect(seccomp).toEqual(done({ linux: { seccomp: { defaultAction: "SCMP_ACT_ALLOW" } } }));
    expect(apparmor).toEqual(done({ process: { ...process, apparmorProfile: "x" } }));
    expect(selinux).toEqual(done({ process: { ...process, selinuxLabel: "x" } }));
    expect(intelRdt).toEqual(done({ linux: { intelRdt: { closID: "x" } } }));
    expect(netDevices).toEqual(done({ linux: { namespaces, netDevices: { eth0: {} } } }));
    expect(mountExtensions.idmap).toEqual(
      done({ linux: { namespaces }, mounts: [{ ...mount, options: ["bind"] }] }),
    );
  });

  test("promises cgroup v2 with both drivers", () => {
    const { cgroup } = document.linux;
    expect(cgroup).toEqual({ v1: false, v2: true, systemd: true, systemdUser: true, rdma: true });
  });
});

/** Whether `create` would go on. What the parser refuses is a mistake of the test. */
function isAccepted(more: object): boolean {
  const { spec } = parseSpec(
    config({ process: { cwd: "/", args: ["sh"], user: { uid: 0, gid: 0 } }, ...more }),
  );
  try {
    if (spec.process !== undefined) rejectUnsupported(spec, spec.process);
    return true;
  } catch {
    return false;
  }
}
