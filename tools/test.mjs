// `npm test`: everything that the tests need, then vitest; the last line is `N passed, M failed`.
// Arguments are vitest's: `npm test -- test/container/lifecycle.test.ts`. RUNTIME=runc or crun tests those instead.

import { spawnSync } from "node:child_process";
import { debianPackages, isRoot, npmPackages, runtBinary, say, staticBusybox } from "./setup.mjs";
import { explain, listFailures, runVitest } from "./vitest.mjs";

const RUNTIME = process.env.RUNTIME ?? "runt";

npmPackages();
if (isRoot) {
  if (RUNTIME === "runt") await runtBinary();
  staticBusybox();
  const peers = { runc: "runc", crun: "crun" };
  const missing = debianPackages({
    ...peers,
    strace: "strace",
    script: "bsdutils",
    cc: "gcc",
    unshare: "util-linux",
    newuidmap: "uidmap",
    "dbus-daemon": "dbus-daemon",
    python3: "python3",
  });
  const isModule = (name) => spawnSync("/usr/bin/python3", ["-c", `import ${name}`]).status === 0;
  missing.push(...debianPackages({ dbus: "python3-dbus", gi: "python3-gi" }, isModule));
  if (missing.length > 0) say(`tests that need ${missing.join(", ")} will fail`);
} else {
  say("not root: only the tests that need no container run (unit, program)");
}

const counts = runVitest(process.argv.slice(2));
explain(counts);
listFailures(counts.failures);
const { passed, failed } = counts;
if (passed + failed === 0) console.log("no test ran");
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed > 0 || passed === 0 ? 1 : 0;
