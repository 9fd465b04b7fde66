import { expect, test } from "vitest";
import { formatSpec, specTemplate } from "../../../src/cli/spec_template.ts";
import { parseSpec } from "../../../src/spec/parse.ts";

const NORMAL = formatSpec(specTemplate());
const ROOTLESS = formatSpec(specTemplate({ uid: 1000, gid: 100 }));

test.each([NORMAL, ROOTLESS])("passes our own checks without a warning", (text) => {
  const { spec, warnings } = parseSpec(text);
  expect(warnings).toEqual([]);
  expect(spec.ociVersion).toBe("1.3.0");
  expect(spec.process?.args).toEqual(["sh"]);
});

test("is indented with tabs, in runc's order, without a newline at the end", () => {
  expect(
    NORMAL.startsWith('{\n\t"ociVersion": "1.3.0",\n\t"process": {\n\t\t"terminal": true,\n\t\t"user": {'),
  ).toBe(true);
  expect(NORMAL.endsWith('\t\t\t"/proc/sysrq-trigger"\n\t\t]\n\t}\n}')).toBe(true);
  expect(Object.keys(JSON.parse(NORMAL))).toEqual([
    "ociVersion",
    "process",
    "root",
    "hostname",
    "mounts",
    "linux",
  ]);
  expect(Object.keys(JSON.parse(NORMAL).process)).toEqual(
    "terminal user args env cwd capabilities rlimits noNewPrivileges".split(" "),
  );
  expect(Object.keys(JSON.parse(NORMAL).linux)).toEqual(
    "resources namespaces maskedPaths readonlyPaths".split(" "),
  );
});

test("without root: a user namespace, the host's network and /sys, no limits, no ids that are not mapped", () => {
  const { linux, mounts } = JSON.parse(ROOTLESS);
  expect(linux.namespaces.map(({ type }: { type: string }) => type)).toEqual(
    "pid ipc uts mount cgroup user".split(" "),
  );
  expect(linux.uidMappings).toEqual([{ containerID: 0, hostID: 1000, size: 1 }]);
  expect(linux.gidMappings).toEqual([{ containerID: 0, hostID: 100, size: 1 }]);
  expect(linux.resources).toBeUndefined();
  const at = (path: string) =>
    mounts.find(({ destination }: { destination: string }) => destination === path);
  expect(at("/dev/pts").options).toEqual(["nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620"]);
  expect(at("/sys")).toEqual({
    destination: "/sys",
    type: "none",
    source: "/sys",
    options: ["rbind", "nosuid", "noexec", "nodev", "ro"],
  });
  expect(at("/proc")).toEqual({ destination: "/proc", type: "proc", source: "proc" });
});
