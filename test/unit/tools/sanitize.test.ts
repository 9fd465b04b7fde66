// What test data is made of a config.json that an engine has written.

import { expect, test } from "vitest";
import { sanitized } from "../../../tools/engines/sanitize.mjs";

test("ids are numbered, also where they are cut, and limits of 64 bits stay what they are", () => {
  const id = "a1".repeat(32);
  const written = {
    process: { env: [`HOSTNAME=${id.slice(0, 12)}`], rlimits: [{ hard: "LARGE", soft: 7 }] },
    root: { path: `/var/lib/engine/${id}/merged` },
    linux: { cgroupsPath: `system.slice:docker:${id}`, namespaces: [{ path: "/proc/1234/ns/ipc" }] },
  };
  const text = sanitized(JSON.stringify(written).replace('"LARGE"', "18446744073709551615"));
  expect(text).toContain('"hard": 18446744073709551615');
  expect(text).toContain(`"system.slice:docker:${"1".padStart(64, "0")}"`);
  expect(text).toContain('"HOSTNAME=000000000000"');
  expect(text).toContain('"path": "/proc/1/ns/ipc"');
  expect(JSON.parse(text).root.path).toBe("rootfs");
});
