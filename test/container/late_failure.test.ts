// A process that fails at the same moment as it is told to go on: what it says is heard, although it has not listened.

import { expect, test } from "vitest";
import { bundle, differs, failure } from "./bed.ts";

const OTHER = { runc: "has another protocol", crun: "has another protocol" };

test("a failure is not lost to an end that came with it", differs(OTHER), () => {
  const container = bundle(({ process }) => {
    process.args = ["/not/there"];
    // It is said already: the parent hears READY, and then only how it ends.
    process.env.push("HOME=/");
  });
  // The process ends after it has been told to go on, and before its parent listens again: microseconds.
  const slow = ["inject=exit_group:delay_enter=600000", "inject=poll:delay_enter=400000"];
  const under = ["strace", "-f", "-o", "/dev/null", ...slow.flatMap((one) => ["-e", one])];
  expect(failure(container.callWith({ under }, "run", container.id))).toContain(
    'exec: "/not/there": stat /not/there: no such file or directory',
  );
});
