// Idmapped mounts: files keep their owners on the host and have others in the container.

import { execFileSync } from "node:child_process";
import * as fs from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { bundle, differs, failure, inside, wording } from "./bed.ts";
import type { Config, IdMapping, Mount } from "./config.ts";

const UNKNOWN = { runc: "1.1 has none" };

const map = (containerID: number, hostID: number, size = 1000): IdMapping[] => [
  { containerID, hostID, size },
];

/** A volume with files of 0, 5 and 2000, mounted at /data. */
function volume(config: Config, rootfs: string, more: Partial<Mount>): string {
  const source = join(rootfs, "../volume");
  fs.mkdirSync(join(source, "sub"), { recursive: true });
  // A root of another user namespace could not make it.
  fs.mkdirSync(join(rootfs, "data"));
  for (const id of [0, 5, 2000]) {
    fs.writeFileSync(join(source, `f${id}`), "");
    fs.chownSync(join(source, `f${id}`), id, id);
  }
  fs.chmodSync(source, 0o777);
  config.mounts.push({ destination: "/data", source, ...more });
  return source;
}

function ownUser(config: Config): void {
  config.linux.namespaces.push({ type: "user" });
  config.linux.uidMappings = map(0, 100_000, 65_536);
  config.linux.gidMappings = map(0, 100_000, 65_536);
}

const OWNERS = "cd /data && stat -c '%n %u:%g' f*";

describe("the mappings of a mount", () => {
  test("are for what is in it, both ways", differs(UNKNOWN), () => {
    let source = "";
    const output = inside(`${OWNERS}; touch new; stat -c %u:%g new`, (config, rootfs) => {
      config.process.user = { uid: 30_007, gid: 30_007 };
      const maps = map(0, 30_000);
      source = volume(config, rootfs, { options: ["bind", "idmap"], uidMappings: maps, gidMappings: maps });
    });
    expect(output).toBe("f0 30000:30000\nf2000 65534:65534\nf5 30005:30005\n30007:30007\n");
    const { uid, gid } = fs.statSync(join(source, "new"));
    expect({ uid, gid }).toEqual({ uid: 7, gid: 7 });
  });

  test("count without the option too", differs(UNKNOWN), () => {
    const output = inside(OWNERS, (config, rootfs) => {
      volume(config, rootfs, { options: ["bind"], uidMappings: map(0, 1), gidMappings: map(0, 2) });
    });
    expect(output).toBe("f0 1:2\nf2000 65534:65534\nf5 6:7\n");
  });

  test("go together with the container's", differs(UNKNOWN), () => {
    const output = inside(OWNERS, (config, rootfs) => {
      ownUser(config);
      const maps = map(0, 101_000);
      volume(config, rootfs, { options: ["bind", "idmap"], uidMappings: maps, gidMappings: maps });
    });
    expect(output).toBe("f0 1000:1000\nf2000 65534:65534\nf5 1005:1005\n");
  });

  test.each(["ro", "nosuid"])(
    "go together with %s",
    differs({ ...UNKNOWN, crun: "1.8 forgets the options" }),
    (option) => {
      const output = inside(`${OWNERS}; grep ' /data ' /proc/self/mountinfo`, (config, rootfs) => {
        const maps = map(0, 1);
        volume(config, rootfs, { options: ["bind", "idmap", option], uidMappings: maps, gidMappings: maps });
      });
      expect(output).toContain("f5 6:6");
      expect(output).toMatch(new RegExp(`/data [a-z,]*\\b${option}\\b`));
    },
  );
});

describe("the mappings of the container", () => {
  test.each(["idmap", "ridmap"])(
    "are those of a mount that has none: %s",
    differs({ ...UNKNOWN, crun: "1.8 has no ridmap" }),
    (option) => {
      const output = inside(OWNERS, (config, rootfs) => {
        ownUser(config);
        volume(config, rootfs, { options: ["rbind", option] });
      });
      expect(output).toBe("f0 0:0\nf2000 2000:2000\nf5 5:5\n");
    },
  );

  test("are those of the namespace that it joins", differs(UNKNOWN), () => {
    const first = bundle((config) => {
      config.process.args = ["sleep", "1000"];
      ownUser(config);
    });
    first.create();
    const output = inside(OWNERS, (config, rootfs) => {
      config.linux.namespaces.push({ type: "user", path: `/proc/${first.state().pid}/ns/user` });
      volume(config, rootfs, { options: ["bind", "idmap"] });
    });
    expect(output).toBe("f0 0:0\nf2000 2000:2000\nf5 5:5\n");
  });
});

test.each([
  ["idmap", "0"],
  ["ridmap", "100000"],
])(
  "%s maps mounts below the source to the owner %s",
  differs({ ...UNKNOWN, crun: "1.8 has no ridmap" }),
  (option, owner) => {
    let below = "";
    const container = bundle((config, rootfs) => {
      const maps = map(0, 100_000);
      const source = volume(config, rootfs, {
        options: ["rbind", option],
        uidMappings: maps,
        gidMappings: maps,
      });
      below = join(source, "sub");
      execFileSync("mount", ["-t", "tmpfs", "below", below]);
      config.process.args = ["stat", "-c", "%u", "/data/sub"];
    });
    const { stdout } = container.run();
    execFileSync("umount", [below]);
    expect(stdout).toBe(`${owner}\n`);
  },
);

describe("an error", () => {
  test("is a filesystem that cannot be idmapped", differs(UNKNOWN), () => {
    const container = bundle((config) => {
      const maps = map(0, 1);
      const options = ["bind", "idmap"];
      config.mounts.push({
        destination: "/x",
        source: "/proc",
        options,
        uidMappings: maps,
        gidMappings: maps,
      });
    });
    const error = failure(container.run());
    expect(error).toMatch(/EINVAL|Invalid argument/);
    expect(error).toContain(wording("", { runt: "does not support idmapped mounts" }));
  });

  test(
    "is a map without a user namespace to take it from",
    differs({ ...UNKNOWN, crun: "leaves it to the kernel" }),
    () => {
      const container = bundle((config, rootfs) => {
        volume(config, rootfs, { options: ["bind", "idmap"] });
      });
      expect(failure(container.run())).toContain("idmap");
    },
  );

  test("is a new filesystem with a map", differs({ ...UNKNOWN, crun: "idmaps a tmpfs" }), () => {
    const container = bundle((config) => {
      const maps = map(0, 1);
      config.mounts.push({
        destination: "/x",
        type: "tmpfs",
        source: "x",
        uidMappings: maps,
        gidMappings: maps,
      });
    });
    expect(failure(container.run())).toContain("only a bind mount can be idmapped");
  });
});
