import { describe, expect, test } from "vitest";
import {
  cgroupRoot,
  featureRequest,
  inheritFd,
  notified,
  pageServer,
  parseResponse,
  request,
  versionRequest,
} from "../../../src/criu/messages.ts";

/** As in a trace of CRIU 4.1. */
describe("answers", () => {
  test("a notification", () => {
    expect(parseResponse("\x08\x06\x10\x01*\x0e\n\x0cnetwork-lock")).toMatchObject({
      type: 6,
      success: true,
      notify: { script: "network-lock", pid: 0 },
    });
  });

  test("a notification about a process", () => {
    const answer = parseResponse("\x08\x06\x10\x01*\x11\n\x0cpost-restore\x10\xfb\x01");
    expect(answer?.notify).toEqual({ script: "post-restore", pid: 251 });
  });

  test("a failure", () => {
    expect(parseResponse("\x08\x01\x10\x008\x10J\x05no: x")).toMatchObject({
      type: 1,
      success: false,
      errno: 16,
      message: "no: x",
      notify: undefined,
    });
  });

  test("the version", () => {
    expect(parseResponse("\x08\n\x10\x01R\x06\x08\x04\x10\x01 \x01")?.version).toBe(40_101);
    expect(parseResponse("\x08\n\x10\x01R\x04\x08\x03\x10\x11")?.version).toBe(31_700);
  });

  test("the features that there are", () => {
    expect(parseResponse("\x08\t\x10\x01B\x04\x08\x01\x10\x00")?.features).toEqual(["mem_track"]);
    expect(parseResponse("\x08\t\x10\x01")?.features).toEqual([]);
  });

  test.each(["\x08", "nonsense"])("%j is none", (text) => {
    expect(parseResponse(text)).toBeUndefined();
  });
});

describe("requests", () => {
  test("a dump with options of all kinds", () => {
    const options = {
      pid: 300,
      leave_running: true,
      log_file: "l",
      external: ["a", "b"],
      empty_ns: undefined,
    };
    expect(request("DUMP", options)).toBe(
      "\x08\x01\x12\x10\x10\xac\x02\x18\x01R\x01l\xaa\x02\x01a\xaa\x02\x01b",
    );
  });

  test("others", () => {
    expect(versionRequest()).toBe("\x08\n \x01");
    expect(featureRequest("lazy_pages")).toBe("\x08\t \x01*\x02\x10\x01");
    expect(notified(true)).toBe("\x08\x06\x18\x01");
    expect(notified(false)).toBe("\x08\x06\x18\x00");
  });

  test("parts of options", () => {
    expect(cgroupRoot("", "/c")).toBe("\n\x00\x12\x02/c");
    expect(inheritFd("k", 4)).toBe("\n\x01k\x10\x04");
    expect(pageServer("h", 80)).toBe("\n\x01h\x10P");
  });
});
