// What `runc spec` writes gives the same container as with runc: everything that a program can see of it.

import { execFileSync } from "node:child_process";
import * as fs from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { bundle, type Container, differs, runtime } from "./bed.ts";
import type { Config } from "./config.ts";
import { comparable, LOOK_AROUND, seenWith } from "./inside_view.ts";

/** The bundle of `runc spec`, with this script instead of a shell, and without limits. */
function bundleOfRuncSpec(): Container {
  const container = bundle();
  const path = join(container.dir, "config.json");
  fs.rmSync(path);
  execFileSync("runc", ["spec"], { cwd: container.dir });
  const config = JSON.parse(fs.readFileSync(path, "utf8")) as Config;
  config.process.terminal = false;
  config.process.args = ["sh", "-c", LOOK_AROUND];
  delete config.linux.resources;
  fs.writeFileSync(path, JSON.stringify(config));
  return container;
}

test(
  "the bundle of `runc spec` gives what it gives with runc",
  differs({ crun: "adds /dev/core, mounts in another way" }),
  () => {
    const container = bundleOfRuncSpec();
    const [theirs, ours] = [seenWith("runc", container), seenWith(runtime, container)];
    expect(ours.code).toBe(42);
    expect(theirs.code).toBe(42);
    expect(Object.keys(ours.sections)).toEqual(Object.keys(theirs.sections));
    for (const [name, text] of Object.entries(theirs.sections)) {
      if (name !== "mountinfo") expect(ours.sections[name], name).toBe(text);
    }
    expect(comparable(ours.sections.mountinfo)).toEqual(comparable(theirs.sections.mountinfo));
    expect(ours.stderr).toBe(theirs.stderr);
  },
);
