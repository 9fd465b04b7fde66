// What the commands write, against the specification's schemas: state in every status, features, spec.

import * as fs from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { violations } from "../schema.ts";
import { bundle, differs, runtime, stopped } from "./bed.ts";

const shell = { path: "/bin/sh", env: ["PATH=/usr/sbin:/usr/bin:/sbin:/bin"] };

describe("state", () => {
  test("of a created, a running and a stopped container, with annotations", async () => {
    const container = bundle((config) => {
      config.process.args = ["sleep", "1000"];
      config.annotations = { "com.example.key": "value" };
    });
    const check = (status: string) => {
      const state = container.state();
      expect(state).toMatchObject({ status, annotations: { "com.example.key": "value" } });
      expect(violations("state", state)).toEqual([]);
    };
    container.create();
    check("created");
    container.start();
    check("running");
    container.kill("KILL");
    await stopped(container);
    check("stopped");
  });

  test(
    "of a container that is being created",
    differs({ runc: "knows no such container yet", crun: "knows no such container yet" }),
    () => {
      const container = bundle((config, rootfs) => {
        const state = join(rootfs, "../state");
        const ask = `${runtime} --root ${state} state $(ls ${state} | grep -v @) > ${rootfs}/state`;
        config.hooks = { createRuntime: [{ ...shell, args: ["sh", "-c", ask] }] };
      });
      container.create();
      const state = JSON.parse(fs.readFileSync(join(container.rootfs, "state"), "utf8"));
      expect(state.status).toBe("creating");
      expect(violations("state", state)).toEqual([]);
    },
  );

  test("of a paused container, but for the status, which runtimes may add", () => {
    const container = bundle((config) => {
      config.process.args = ["sleep", "1000"];
    });
    container.create();
    container.start();
    expect(container.call("pause", container.id).code).toBe(0);
    const state = container.state();
    expect(state.status).toBe("paused");
    expect(violations("state", state)).toEqual(["/status: must be equal to one of the allowed values"]);
  });
});

test("features", differs({ crun: "has none in 1.8" }), () => {
  const { stdout } = bundle().callWith({}, "features");
  expect(violations("features", JSON.parse(stdout))).toEqual([]);
});

test.each([{ options: [] }, { options: ["--rootless"] }])("spec $options", ({ options }) => {
  const container = bundle();
  const file = join(container.dir, "config.json");
  fs.rmSync(file);
  expect(container.call("spec", ...options).code).toBe(0);
  expect(violations("config", JSON.parse(fs.readFileSync(file, "utf8")))).toEqual([]);
});
