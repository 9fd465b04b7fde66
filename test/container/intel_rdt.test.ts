// linux.intelRdt where the processor has none.

import { expect, test } from "vitest";
import { bundle, differs, failure, wording } from "./bed.ts";

test("without a resctrl filesystem it is an error", differs({ crun: "1.8 has none" }), () => {
  const container = bundle(({ linux }) => {
    linux.intelRdt = { closID: "gold", l3CacheSchema: "L3:0=f" };
  });
  const runt = "/linux/intelRdt: Intel RDT is asked for, and no resctrl filesystem is mounted";
  expect(failure(container.call("create", container.id))).toContain(
    wording("is specified in config, but Intel RDT", { runt }),
  );
});
