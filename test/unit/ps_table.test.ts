import { describe, expect, test } from "vitest";
import { selectProcesses } from "../../src/container/ps_table.ts";

const TABLE = `UID        PID  PPID CMD
root         1     0 init PID
root        12     1 sleep 12
 nobody    123     1 sleep 12

`;

describe("the table of ps", () => {
  test.each([
    [[12], "root        12     1 sleep 12\n"],
    [[123, 12], "root        12     1 sleep 12\n nobody    123     1 sleep 12\n"],
    [[], ""],
    [[0, 2], ""],
  ])("of %j", (pids, lines) => {
    expect(selectProcesses(TABLE, pids)).toBe(`UID        PID  PPID CMD\n${lines}`);
  });

  test("that does not tell the ids is refused", () => {
    expect(() => selectProcesses("USER PPID\nroot 1\n", [1])).toThrow("couldn't find PID field in ps output");
    expect(() => selectProcesses("", [1])).toThrow("couldn't find PID field in ps output");
  });
});
