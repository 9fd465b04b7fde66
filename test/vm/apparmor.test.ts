// Containers under AppArmor, as the host sees them, and as engines ask for them.

import * as fs from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { busyboxRootfs } from "../../tools/setup.mjs";
import { bundle, differs, failure, inside, until } from "../container/bed.ts";
import { type Config, without } from "../container/config.ts";
import { output } from "./shell.ts";

const BINARY = fileURLToPath(new URL("../../dist/runt", import.meta.url));
const PROFILE = "runt-test";
const POLICY = `
profile ${PROFILE} flags=(attach_disconnected, mediate_deleted) {
  file,
  capability,
  network,
  signal,
  deny /secret r,
}
`;

let directory = "";

beforeAll(() => {
  directory = fs.mkdtempSync(join(tmpdir(), "runt-apparmor-"));
  fs.writeFileSync(join(directory, "policy"), POLICY);
  output("apparmor_parser", "--replace", join(directory, "policy"));
});

afterAll(() => {
  output("apparmor_parser", "--remove", join(directory, "policy"));
  fs.rmSync(directory, { recursive: true });
});

/** The profile that the kernel has for the process of a started container. */
async function confinement(edit: (config: Config, rootfs: string) => void): Promise<string> {
  const container = bundle((config, rootfs) => {
    config.process.args = ["sleep", "1000"];
    config.process.apparmorProfile = PROFILE;
    edit(config, rootfs);
  });
  container.create();
  const { pid } = container.state();
  container.start();
  await until(() => fs.readFileSync(`/proc/${pid}/cmdline`, "utf8") === "sleep\x001000\0");
  const current = fs.readFileSync(`/proc/${pid}/attr/apparmor/current`, "utf8").trim();
  container.delete("--force");
  return current;
}

describe("a profile", () => {
  test("forbids what it forbids, and nothing else", () => {
    const script = "cat /proc/self/attr/current; cat /public; cat /secret || echo denied";
    const printed = inside(script, (config, rootfs) => {
      config.process.apparmorProfile = PROFILE;
      fs.writeFileSync(join(rootfs, "secret"), "secret\n");
      fs.writeFileSync(join(rootfs, "public"), "public\n");
    });
    expect(printed).toBe(`${PROFILE} (enforce)\npublic\ndenied\n`);
  });

  test("that is called unconfined is none", async () => {
    const edit = ({ process }: Config) => {
      process.apparmorProfile = "unconfined";
    };
    expect(await confinement(edit)).toBe("unconfined");
  });

  test("that is not loaded is an error", differs({ crun: "other words", runc: "other words" }), () => {
    const container = bundle(({ process }) => {
      process.apparmorProfile = "nobody-knows";
    });
    expect(failure(container.call("create", container.id))).toContain(
      "/process/apparmorProfile: unable to apply apparmor profile: nobody-knows is not loaded",
    );
  });

  test.each<[string, (config: Config, rootfs: string) => void]>([
    [
      "of a user without new privileges and descriptors",
      ({ process }) => {
        process.user = { uid: 1000, gid: 1000 };
        process.noNewPrivileges = true;
        process.capabilities = {};
      },
    ],
    [
      "in a user namespace that does not own its pid namespace",
      (config) => {
        without(config, "pid");
        config.linux.namespaces.push({ type: "user" });
        const map = { containerID: 0, hostID: 100_000, size: 65_536 };
        config.linux.uidMappings = [map];
        config.linux.gidMappings = [map];
        config.mounts = config.mounts.filter(({ destination }) => destination !== "/proc");
        config.linux.maskedPaths = [];
        config.linux.readonlyPaths = [];
      },
    ],
  ])("holds %s", differs({ crun: "needs /proc", runc: "needs /proc" }), async (_, edit) => {
    expect(await confinement(edit)).toBe(`${PROFILE} (enforce)`);
  });

  test("is not written to what the image has in place of /proc", async () => {
    let fake = "";
    const current = await confinement((config, rootfs) => {
      config.mounts = config.mounts.filter(({ destination }) => destination !== "/proc");
      config.linux.maskedPaths = [];
      config.linux.readonlyPaths = [];
      for (const attributes of ["proc/self/attr/apparmor", "proc/thread-self/attr/apparmor"]) {
        fs.mkdirSync(join(rootfs, attributes), { recursive: true });
        fs.writeFileSync(join(rootfs, attributes, "exec"), "untouched");
        fs.writeFileSync(join(rootfs, attributes, "../exec"), "untouched");
      }
      fake = join(rootfs, "proc/self/attr/apparmor/exec");
    });
    expect(current).toBe(`${PROFILE} (enforce)`);
    expect(fs.readFileSync(fake, "utf8")).toBe("untouched");
  });
});

const MINUTES = 60_000;
const IMAGE = "localhost/apparmor:latest";
const CURRENT = ["cat", "/proc/self/attr/current"];
// A network of its own would be made by a hook.
const OPTIONS = ["--rm", "--network=host", "--security-opt=seccomp=unconfined"];

describe("the profile that engines load themselves", () => {
  const layer = () => join(directory, "layer.tar");
  const daemon = "/etc/docker/daemon.json";

  beforeAll(() => {
    busyboxRootfs(join(directory, "rootfs"));
    output("tar", "--create", "--file", layer(), "--directory", join(directory, "rootfs"), ".");
  });

  test("docker", { timeout: 5 * MINUTES }, () => {
    fs.mkdirSync("/etc/docker", { recursive: true });
    fs.writeFileSync(daemon, JSON.stringify({ runtimes: { runt: { path: BINARY } } }));
    output("systemctl", "restart", "docker.service");
    output("docker", "import", layer(), IMAGE);
    const current = output("docker", "run", "--runtime=runt", ...OPTIONS, IMAGE, ...CURRENT);
    expect(current).toBe("docker-default (enforce)");
    output("systemctl", "stop", "docker.socket", "docker.service", "containerd.service");
    fs.rmSync(daemon);
  });

  test("podman", { timeout: 5 * MINUTES }, () => {
    output("podman", "import", layer(), IMAGE);
    const current = output("podman", "--runtime", BINARY, "run", ...OPTIONS, IMAGE, ...CURRENT);
    expect(current).toMatch(/^containers-default-.* \(enforce\)$/);
  });
});
