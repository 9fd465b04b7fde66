import { describe, expect, test } from "vitest";
import { logOptions, parseCommand, parseGlobals } from "../../../src/cli/parse.ts";
import { RuntError } from "../../../src/error.ts";

function failureOf(body: () => unknown) {
  try {
    body();
  } catch (error) {
    if (error instanceof RuntError) return error.record;
    throw error;
  }
  throw new Error("nothing was thrown");
}

describe("global options", () => {
  test("end at the command", () => {
    const { values, rest } = parseGlobals(["--root", "/r", "--debug", "create", "--root", "x", "--", "id"]);
    expect(values).toMatchObject({ root: "/r", debug: true, log: undefined, "log-format": "text" });
    expect(rest).toEqual(["create", "--root", "x", "--", "id"]);
  });

  test.each([
    [["--root", "/r"], "/r"],
    [["--root=/r"], "/r"],
    [["-root", "/r"], "/r"],
    [["-root=/r"], "/r"],
    [["--root=/a=b"], "/a=b"],
    [["--root", "--log"], "--log"],
    [["--root", "007"], "007"],
    [["--root", "true"], "true"],
    [["--root", "1e3"], "1e3"],
    [["--root", '"/quoted"'], '"/quoted"'],
    [["--root", ""], ""],
    [["--root", "/a", "--root", "/b"], "/b"],
    [["--root=/a", "-root", "/b", "--root=/c"], "/c"],
  ])("%j", (args, root) => {
    const { values, rest } = parseGlobals([...args, "list"]);
    expect(values.root).toBe(root);
    expect(rest).toEqual(["list"]);
  });

  test("a flag does not take the next word", () => {
    expect(parseGlobals(["--debug", "true"])).toMatchObject({ values: { debug: true }, rest: ["true"] });
    expect(parseGlobals(["--systemd-cgroup", "false"]).rest).toEqual(["false"]);
  });

  test.each([
    ["--debug=true", true],
    ["--debug=false", false],
    ["-debug", true],
  ])("%s", (arg, debug) => {
    expect(parseGlobals([arg]).values.debug).toBe(debug);
  });

  test("the last of a flag wins, as conmon-rs repeats it", () => {
    expect(parseGlobals(["--debug", "--debug=false"]).values.debug).toBe(false);
    expect(parseGlobals(["--systemd-cgroup", "--systemd-cgroup"]).values["systemd-cgroup"]).toBe(true);
  });

  test("options of the command are none of theirs, whatever their value", () => {
    expect(parseGlobals(["kill", "id", "--debug=3"]).rest).toEqual(["kill", "id", "--debug=3"]);
  });

  test.each([
    [["--log-format", "xml"], "invalid log-format: xml", "expected text or json"],
    [
      ["--cgroup-manager=cgroups"],
      "invalid cgroup-manager: cgroups",
      "expected cgroupfs or systemd or disabled",
    ],
    [["--rootless", "maybe"], "invalid rootless: maybe", "expected true or false or auto"],
    [["--debug=1"], 'invalid boolean value in "--debug=1"', "use true or false"],
    [["--log"], "flag needs an argument: --log", "see runt --help"],
  ])("%j is refused", (args, what, hint) => {
    expect(failureOf(() => parseGlobals(args))).toEqual({ what, hint });
  });

  test("the log is known even if the rest is wrong", () => {
    const options = { log: "/l", "log-format": "json", debug: false };
    expect(logOptions(["--log", "/l", "--bogus", "--log-format=json", "list"])).toEqual(options);
    expect(logOptions(["--log", "/l", "--log-format=json", "--rootless=x"])).toEqual(options);
    expect(logOptions(["--log"])).toMatchObject({ log: undefined });
  });
});

describe("commands", () => {
  test("create, as conmon calls it", () => {
    const line = "create --bundle /b --pid-file /p --no-pivot --no-new-keyring --console-socket /s ID";
    expect(parseCommand(line.split(" "))).toEqual({
      command: "create",
      options: {
        bundle: "/b",
        "pid-file": "/p",
        "no-pivot": true,
        "no-new-keyring": true,
        "console-socket": "/s",
        "preserve-fds": 0,
        help: false,
      },
      operands: { "container-id": "ID" },
    });
  });

  test("options may follow the operand", () => {
    expect(parseCommand(["delete", "ID", "--force"])).toMatchObject({
      options: { force: true },
      operands: { "container-id": "ID" },
    });
  });

  test.each(["123", "007", "true", "false", "-", "1e9", "0x10", ".5"])(
    "a container may be named %s",
    (id) => {
      for (const args of [[id], ["--force", id], [id, "-f"], ["--", id]]) {
        expect(parseCommand(["delete", ...args]).operands).toEqual({ "container-id": id });
      }
    },
  );

  test.each(["--force", "-f", "-5", "--", "---", "--_", "--help"])("-- makes %s an operand", (id) => {
    expect(parseCommand(["state", "--", id]).operands).toEqual({ "container-id": id });
  });

  test("after the first operand of kill all is literal", () => {
    expect(parseCommand(["kill", "ID", "-9"])).toMatchObject({
      options: { all: false },
      operands: { "container-id": "ID", signal: "-9" },
    });
    expect(parseCommand(["kill", "-a", "ID", "9"])).toMatchObject({
      options: { all: true },
      operands: { signal: "9" },
    });
    expect(parseCommand(["kill", "ID"]).operands).toEqual({ "container-id": "ID" });
  });

  test.each([
    [["-b", "/b"], "/b"],
    [["-b=/b"], "/b"],
    [["-bundle", "/b"], "/b"],
    [["--bundle=/b"], "/b"],
    [["-b", "/a", "--bundle", "/b"], "/b"],
    [["--bundle", "/a", "-b", "/b"], "/b"],
    [[], "."],
  ])("%j", (args, bundle) => {
    expect(parseCommand(["run", ...args, "ID"])).toMatchObject({ options: { bundle } });
  });

  test("numbers", () => {
    expect(parseCommand(["run", "--preserve-fds", "3", "ID"])).toMatchObject({
      options: { "preserve-fds": 3 },
    });
    for (const bad of ["-1", "x", "", "1.5", "0x3", "1e3", " 1", "99999999999"]) {
      const { what } = failureOf(() => parseCommand(["run", "--preserve-fds", bad, "ID"]));
      expect(what).toBe(`invalid preserve-fds: ${JSON.stringify(bad)}`);
    }
  });

  test("single-dash long flags, as go-runc writes them", () => {
    expect(parseCommand(["run", "-no-subreaper", "ID"])).toMatchObject({ options: { "no-subreaper": true } });
  });

  test("help wins over everything but an unknown option", () => {
    expect(parseCommand([])).toMatchObject({ command: "help", operands: { command: undefined } });
    expect(parseCommand(["kill", "--help"])).toMatchObject({
      command: "help",
      operands: { command: "kill" },
    });
    expect(parseCommand(["list", "a", "b", "-h"])).toMatchObject({ command: "help" });
    expect(parseCommand(["help", "kill"])).toMatchObject({ command: "help", operands: { command: "kill" } });
  });

  test.each([
    [["bogus"], 'unknown command "bogus"', "the commands are create, start, "],
    [["constructor"], 'unknown command "constructor"', "the commands are "],
    [
      ["state"],
      '"state" requires exactly 1 argument(s), found 0',
      "usage: runt state [options] <container-id>",
    ],
    [["state", "a", "b"], '"state" requires exactly 1 argument(s), found 2', "usage: runt state"],
    [
      ["kill"],
      '"kill" requires 1 to 2 argument(s), found 0',
      "usage: runt kill [options] <container-id> [signal]",
    ],
    [["kill", "a", "b", "c"], '"kill" requires 1 to 2 argument(s), found 3', "usage: "],
    [["list", "a"], '"list" requires exactly 0 argument(s), found 1', "usage: runt list [options]"],
    [["create", "ID", "--bundle"], "flag needs an argument: --bundle", "see runt create --help"],
    [["create", "ID", "-b"], "flag needs an argument: -b", "see runt create --help"],
    [["delete", "--force=yes", "ID"], 'invalid boolean value in "--force=yes"', "use true or false"],
    [["list", "--format", "yaml"], "invalid format: yaml", "expected table or json"],
  ])("%j is refused", (args, what, hint) => {
    const record = failureOf(() => parseCommand(args));
    expect(record.what).toBe(what);
    expect(record.hint).toContain(hint);
  });

  test.each([
    "--bogus",
    "--bogus=x",
    "-x",
    "-5",
    "-fa",
    "-f5",
    "--force-",
    "--force5",
    "---force",
    "--no-force",
    "--force:x",
    "--_",
    "-_",
    "--_=x",
    "--__proto__",
    "--__proto__=x",
    "--constructor",
    "--=x",
    "---",
    "----=x",
    "--Force",
    "--root",
  ])("the unknown option %s is refused, and the known ones are named", (option) => {
    const { what, hint } = failureOf(() => parseCommand(["delete", option, "ID"]));
    expect(what).toMatch(/^unknown option "-/);
    expect(hint).toBe("runt delete has -f/--force, -h/--help");
  });

  test("bytes of any kind go through", () => {
    const id = "\xff\xfe \n'\"";
    expect(parseCommand(["state", id]).operands).toEqual({ "container-id": id });
    expect(parseCommand(["run", "--bundle", id, "ID"])).toMatchObject({ options: { bundle: id } });
    expect(parseCommand(["run", `--bundle=${id}`, "ID"])).toMatchObject({ options: { bundle: id } });
  });
});
