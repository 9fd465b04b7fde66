import { describe, expect, test } from "vitest";
import { criuOptions, pageServerOf } from "../../../src/cli/criu_request.ts";
import type { Invocation } from "../../../src/cli/options.ts";
import { parseCommand } from "../../../src/cli/parse.ts";
import { pageServer } from "../../../src/criu/messages.ts";

function optionsOf(...args: string[]) {
  return criuOptions((parseCommand(args) as Invocation<"checkpoint">).options);
}

const DEFAULTS = { manage_cgroups: true, manage_cgroups_mode: 3, empty_ns: undefined };

describe("what CRIU is asked", () => {
  test.each(["checkpoint", "restore"])("without options of %s", (command) => {
    expect(optionsOf(command, "id")).toEqual(DEFAULTS);
  });

  test("flags, by their names", () => {
    const flags = ["tcp-established", "ext-unix-sk", "shell-job", "lazy-pages", "file-locks", "auto-dedup"];
    const options = optionsOf("checkpoint", ...flags.map((flag) => `--${flag}`), "id");
    expect(options).toEqual({
      ...DEFAULTS,
      tcp_established: true,
      ext_unix_sk: true,
      shell_job: true,
      lazy_pages: true,
      file_locks: true,
      auto_dedup: true,
    });
  });

  test("those of one command alone", () => {
    const flags = ["--leave-running", "--tcp-skip-in-flight", "--link-remap"];
    expect(optionsOf("checkpoint", ...flags, "id")).toEqual({
      ...DEFAULTS,
      leave_running: true,
      tcp_skip_in_flight: true,
      link_remap: true,
    });
    expect(optionsOf("restore", "--tcp-close", "id")).toEqual({ ...DEFAULTS, tcp_close: true });
  });

  test.each([
    ["soft", 3],
    ["full", 4],
    ["strict", 5],
    ["ignore", 0],
    ["", 3],
  ])("--manage-cgroups-mode=%s", (mode, number) => {
    expect(optionsOf("checkpoint", `--manage-cgroups-mode=${mode}`, "id").manage_cgroups_mode).toBe(number);
  });

  test("--empty-ns network, as often as it is said", () => {
    const options = optionsOf("restore", "--empty-ns", "network", "--empty-ns=network", "id");
    expect(options.empty_ns).toBe(0x40000000);
    expect(() => optionsOf("restore", "--empty-ns", "pid", "id")).toThrow(/namespace "pid" is not supported/);
  });

  test.each([
    ["iptables", undefined],
    ["nftables", 2],
    ["skip", 3],
  ])("--network-lock %s", (method, number) => {
    expect(optionsOf("checkpoint", "--network-lock", method, "id").network_lock).toBe(number);
  });
});

describe("--page-server", () => {
  test.each([
    ["127.0.0.1:27", pageServer("127.0.0.1", 27)],
    ["::1:65535", pageServer("::1", 65_535)],
    ["host:1", pageServer("host", 1)],
  ])("%s", (text, message) => {
    expect(pageServerOf(text)).toBe(message);
  });

  test.each(["", "host", ":1", "host:", "host:0", "host:65536", "host:+1", "host:1 "])(
    "%j is none",
    (text) => {
      expect(() => pageServerOf(text)).toThrow(/invalid page-server/);
    },
  );

  test("is not needed", () => {
    expect(pageServerOf(undefined)).toBeUndefined();
  });
});

test("an engine's command line with a dash too few, and options of runc that mean nothing here", () => {
  const invocation = parseCommand([
    "restore",
    "--no-pivot",
    "-no-subreaper",
    "--preserve-fds",
    "2",
    "--parent-path",
    "../p",
    "--bundle",
    "/b",
    "id",
  ]);
  expect(invocation).toMatchObject({
    command: "restore",
    options: { bundle: "/b", "image-path": "checkpoint" },
  });
});
