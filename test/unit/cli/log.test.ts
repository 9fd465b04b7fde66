import { describe, expect, test } from "vitest";
import { jsonLine, messageLines, textLine } from "../../../src/cli/log.ts";
import type { ErrorRecord } from "../../../src/error.ts";
import { validJson } from "../../../src/utf8.ts";

const TIME = "2024-01-02T03:04:05Z";
const RECORD: ErrorRecord = {
  what: "bind /a on /b",
  pointer: "/mounts/3",
  errno: "ENOENT",
  why: "no such file or directory",
  hint: "create /a",
};

/** What an engine sees: the bytes as strict UTF-8, then as JSON. */
function decode(line: string) {
  const bytes = Buffer.from(line, "latin1");
  expect(bytes.toString("latin1")).toBe(line);
  return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
}

describe("the JSON log", () => {
  test("is one line with what containerd and Podman look for", () => {
    const line = jsonLine({ level: "error", record: RECORD, time: TIME });
    expect(line).toBe(
      `{"level":"error","msg":"/mounts/3: bind /a on /b: ENOENT: no such file or directory","time":"${TIME}",` +
        `"pointer":"/mounts/3","errno":"ENOENT","hint":"create /a"}\n`,
    );
  });

  test("leaves out what there is not", () => {
    expect(jsonLine({ level: "warning", record: { what: "x" }, time: TIME })).toBe(
      `{"level":"warning","msg":"x","time":"${TIME}"}\n`,
    );
  });

  test("keeps valid UTF-8", () => {
    for (const text of [
      "\u00e9",
      "\u20ac",
      "\ud83d\ude00",
      "\u0080",
      "\uffff",
      "\u{10ffff}",
      "\ud7ff",
      "\ue000",
    ]) {
      const what = Buffer.from(text, "utf8").toString("latin1");
      expect(decode(jsonLine({ level: "error", record: { what }, time: TIME })).msg).toBe(text);
    }
  });

  test.each([
    ["\xff", "\ufffd"],
    ["a\x80b", "a\ufffdb"],
    ["\xc3", "\ufffd"],
    ["\xc3(", "\ufffd("],
    ["\xc0\xaf", "\ufffd\ufffd"],
    ["\xe0\x80\xaf", "\ufffd\ufffd\ufffd"],
    ["\xed\xa0\x80", "\ufffd\ufffd\ufffd"],
    ["\xf4\x90\x80\x80", "\ufffd\ufffd\ufffd\ufffd"],
    ["\xe2\x82", "\ufffd\ufffd"],
    ["\xe2\x82\xe2\x82\xac", "\ufffd\ufffd\u20ac"],
    ['"\\\n\0\x1b[31m\x7f', '"\\\n\0\x1b[31m\x7f'],
  ])("makes %j valid", (what, msg) => {
    const line = jsonLine({ level: "error", record: { what, hint: what }, time: TIME });
    expect(line.indexOf("\n")).toBe(line.length - 1);
    expect(decode(line)).toMatchObject({ msg, hint: msg });
  });

  test("is valid for random bytes, and as Node decodes them", () => {
    const random = generator(1);
    for (let round = 0; round < 2000; round++) {
      const bytes = Array.from({ length: random() % 12 }, () => {
        const pick = random() % 4;
        return pick === 0 ? random() % 256 : pick === 1 ? 0x80 + (random() % 64) : 0xc0 + (random() % 64);
      });
      const what = String.fromCharCode(...bytes);
      const { msg = "" } = decode(jsonLine({ level: "error", record: { what }, time: TIME }));
      // One replacement for each byte here, one for each broken sequence there.
      const collapse = (text: string) => text.replaceAll(/\ufffd+/g, "\ufffd");
      expect(collapse(msg)).toBe(collapse(Buffer.from(bytes).toString("utf8")));
    }
  });

  test("escapes what is no byte", () => {
    expect(validJson('"\u0100\u20ac"')).toBe('"\\u0100\\u20ac"');
  });
});

describe("the other forms", () => {
  test("text, as logrus writes it", () => {
    expect(textLine({ level: "error", record: { what: 'a "b"\n' }, time: TIME })).toBe(
      `time="${TIME}" level=error msg="a \\"b\\"\\n"\n`,
    );
    expect(textLine({ level: "error", record: RECORD, time: TIME })).toContain(
      ' errno="ENOENT" hint="create /a"\n',
    );
  });

  test("two lines for people", () => {
    expect(messageLines("error", RECORD)).toBe(
      "runt: /mounts/3: bind /a on /b: ENOENT: no such file or directory\nhint: create /a\n",
    );
    expect(messageLines("warning", { what: "x" })).toBe("runt: warning: x\n");
  });

  test("no control characters for the terminal", () => {
    expect(messageLines("error", { what: "a\x1b[31m\nb\x7f\xc3\xa9" })).toBe(
      "runt: a\\x1b[31m\\x0ab\\x7f\xc3\xa9\n",
    );
  });
});

test("what conmon reads at once has both ends of a long message, and the hint", () => {
  const what = `${"a".repeat(100_000)}: not found`;
  const text = messageLines("error", { what, hint: "b".repeat(10_000) });
  expect(text.length).toBeLessThan(8191);
  expect(text).toMatch(/^runt: a+ \.\.\. a+: not found\nhint: b+ \.\.\. b+\n$/);
});

/** xorshift32: the same numbers in every run. */
function generator(seed: number): () => number {
  let state = seed;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state >>> 0;
  };
}
