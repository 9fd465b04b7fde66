import { expect, test } from "vitest";
import { activatedFds } from "../../../src/cli/listen_fds.ts";
import { type RootFacts, stateRoot } from "../../../src/cli/root.ts";

const FACTS: RootFacts = {
  option: undefined,
  euid: 0,
  runtimeDirectory: undefined,
  user: undefined,
  isInitialUserNamespace: () => true,
  workingDirectory: () => "/work/dir",
};

test.each<[Partial<RootFacts>, string]>([
  [{}, "/run/runt"],
  [{ runtimeDirectory: "/run/user/0" }, "/run/runt"],
  [{ euid: 1000 }, "/run/runt"],
  [{ euid: 1000, runtimeDirectory: "" }, "/run/runt"],
  [{ euid: 1000, runtimeDirectory: "/run/user/1000" }, "/run/user/1000/runt"],
  [{ euid: 1000, runtimeDirectory: "/run/user/1000/" }, "/run/user/1000/runt"],
  [{ euid: 1000, runtimeDirectory: "/x", option: "/y" }, "/y"],
  [{ runtimeDirectory: "/run/user/1", isInitialUserNamespace: () => false }, "/run/user/1/runt"],
  [{ runtimeDirectory: "/run/user/1", isInitialUserNamespace: () => false, user: "root" }, "/run/runt"],
  [{ runtimeDirectory: "", isInitialUserNamespace: () => false }, "/run/runt"],
  [{ option: "/a//b/./c/" }, "/a/b/c"],
  [{ option: "rel" }, "/work/dir/rel"],
  [{ option: "." }, "/work/dir"],
  [{ option: "../x" }, "/work/x"],
])("%j", (facts, root) => {
  expect(stateRoot({ ...FACTS, ...facts })).toBe(root);
});

test.each(["/", "//", "/.", "/x/..", "../..", ""])("%j is refused", (option) => {
  expect(() => stateRoot({ ...FACTS, option })).toThrow(/^Option --root argument should not be set to /);
});

test("the working directory is asked for only where it is needed", () => {
  const workingDirectory = () => expect.unreachable();
  expect(stateRoot({ ...FACTS, option: "/r", workingDirectory })).toBe("/r");
});

test.each<[string | undefined, string | undefined, number]>([
  ["2", "42", 2],
  ["2", "43", 0],
  ["2", undefined, 0],
  [undefined, "42", 0],
  ["0", "42", 0],
  ["-1", "42", 0],
  ["x", "42", 0],
  ["2", "", 0],
])("LISTEN_FDS=%s LISTEN_PID=%s for process 42 is %i", (fds, pid, count) => {
  expect(activatedFds(fds, pid, 42)).toBe(count);
});
