// What tmpcopyup copies counts against the container's memory limit, and not against the runtime's.

import * as fs from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { bundle, failure } from "../container/bed.ts";

const MiB = 1 << 20;

test("an image cannot copy more memory than its container may have", () => {
  const container = bundle((config, rootfs) => {
    config.linux.resources = { memory: { limit: 16 * MiB, swap: 16 * MiB } };
    fs.mkdirSync(join(rootfs, "data"));
    fs.writeFileSync(join(rootfs, "data/large"), Buffer.alloc(64 * MiB, "x"));
    config.mounts.push({ destination: "/data", type: "tmpfs", source: "tmpfs", options: ["tmpcopyup"] });
  });
  const error = failure(container.call("create", container.id));
  expect(error).toMatch(/\/mounts\/\d+: (what copies the directory was killed|copy large: ENOMEM)/);
});
