// process.apparmorProfile, process.selinuxLabel and linux.mountLabel where the host has no SELinux.

import * as fs from "node:fs";
import { describe, expect, test } from "vitest";
import { bundle, differs, failure, inside, wording } from "./bed.ts";
import type { Config } from "./config.ts";

const APPARMOR = fs.existsSync("/sys/module/apparmor/parameters/enabled");
const IGNORES = { crun: "ignores the label" };

const refusal = (edit: (config: Config) => void) => {
  const container = bundle(edit);
  return failure(container.call("create", container.id));
};

test("a profile that the kernel does not know is refused", differs(IGNORES), () => {
  const error = refusal(({ process }) => {
    process.apparmorProfile = "nobody-knows";
  });
  const absent = "apparmor: config provided but apparmor not supported";
  const unknown = "unable to apply apparmor profile";
  expect(error).toContain(
    wording(unknown, { runt: `/process/apparmorProfile: ${APPARMOR ? unknown : absent}` }),
  );
});

describe("without SELinux", () => {
  const MESSAGE = "selinux label is specified in config, but selinux is disabled or not supported";

  test("the label of the process is refused", differs(IGNORES), () => {
    const error = refusal(({ process }) => {
      process.selinuxLabel = "system_u:system_r:container_t:s0";
    });
    expect(error).toContain(MESSAGE);
    expect(error).toMatch(wording("selinux", { runt: "/process/selinuxLabel: " }));
  });

  const LATER = { ...IGNORES, runc: "has the kernel refuse the mounts" };

  test("the label of the mounts is refused", differs(LATER), () => {
    const error = refusal(({ linux }) => {
      linux.mountLabel = "system_u:object_r:container_file_t:s0";
    });
    expect(error).toContain(`/linux/mountLabel: ${MESSAGE}`);
  });
});

test("empty labels are none", differs({ crun: "writes an empty label" }), () => {
  const output = inside("echo fine", ({ process, linux }) => {
    process.apparmorProfile = "";
    process.selinuxLabel = "";
    linux.mountLabel = "";
  });
  expect(output).toBe("fine\n");
});
