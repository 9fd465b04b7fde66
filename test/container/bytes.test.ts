// A path, an argument and a variable are bytes: they arrive as they are in config.json, or it is an error.

import * as fs from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { bundle, type Container, differs, failure, readConfig } from "./bed.ts";
import { type Config, sh } from "./config.ts";

const NOT_UTF8 = { runc: "Go's JSON replaces invalid UTF-8", crun: "its JSON library refuses invalid UTF-8" };

/** Writes a config whose characters up to U+00FF are bytes; `raw` edits the text of it. */
function bundleOfBytes(
  edit: (config: Config, rootfs: string) => void,
  raw = (text: string) => text,
): Container {
  const container = bundle(edit);
  const text = raw(JSON.stringify(readConfig(container)));
  fs.writeFileSync(join(container.dir, "config.json"), Buffer.from(text, "latin1"));
  return container;
}

const hex = (text: string) => Buffer.from(text, "latin1").toString("hex");
const utf8 = (text: string) => Buffer.from(text, "utf8").toString("latin1");
const PRINT = "printf %s \"$IT\" | xxd -p | tr -d '\\n'";

/** The value of a variable in the container, in hexadecimal. */
function variable(value: string, raw?: (text: string) => string): string {
  const container = bundleOfBytes((config) => {
    config.process.args = sh(PRINT);
    config.process.env.push(`IT=${value}`);
  }, raw);
  const { code, stdout, stderr } = container.run();
  if (code !== 0) throw new Error(stderr);
  return stdout;
}

/** Every byte that can be in a string, and that JSON has no other way to write for. */
const ALL = Array.from({ length: 256 }, (_, byte) => String.fromCharCode(byte))
  .slice(1)
  .join("");

describe("bytes that are UTF-8", () => {
  test.each([
    "ä",
    "€",
    "😀",
    "\u007f",
    "\u0080",
    "\u07ff",
    "\u0800",
    "\ufffd",
    "\uffff",
    "\u{10ffff}",
    "e\u0301",
  ])("%j", (text) => {
    expect(variable(utf8(text))).toBe(hex(utf8(text)));
  });

  test.each([
    ["\\u00e4", "ä"],
    ["\\u20ac", "€"],
    ["\\ud83d\\ude00", "😀"],
    ['\\u0001\\t\\n\\"\\\\\\/', '\u0001\t\n"\\/'],
  ])("written as %s", (escaped, text) => {
    expect(variable("HERE", (json) => json.replace("HERE", () => escaped))).toBe(hex(utf8(text)));
  });
});

describe("bytes that are not UTF-8", () => {
  test("all of them, in a variable", differs(NOT_UTF8), () => {
    expect(variable(ALL)).toBe(hex(ALL));
  });

  test("in an argument", differs(NOT_UTF8), () => {
    const container = bundleOfBytes((config) => {
      config.process.args = ["sh", "-c", "printf %s \"$1\" | xxd -p | tr -d '\\n'", "sh", "\xff\xfe\x80"];
    });
    expect(container.run().stdout).toBe("fffe80");
  });

  test("in the working directory, which is created", differs(NOT_UTF8), () => {
    const container = bundleOfBytes((config) => {
      config.root.readonly = false;
      config.process.cwd = "/a\xff\x80b";
      config.process.args = sh("pwd | xxd -p");
    });
    expect(container.run().stdout).toBe(`${hex("/a\xff\x80b\n")}\n`);
  });

  test("in the destination of a mount and its source", differs(NOT_UTF8), () => {
    const container = bundleOfBytes((config, rootfs) => {
      fs.mkdirSync(Buffer.from(join(rootfs, "../s\xff"), "latin1"));
      config.root.readonly = false;
      config.mounts.push({ destination: "/d\xfe", source: "s\xff", options: ["bind"] });
      config.process.args = sh("cut -d' ' -f5 /proc/self/mountinfo | grep ^/d. | xxd -p");
    });
    expect(container.run()).toMatchObject({ code: 0, stdout: expect.stringContaining(hex("/d\xfe")) });
  });

  test("in the host name", differs(NOT_UTF8), () => {
    const container = bundleOfBytes((config) => {
      config.hostname = "h\xff";
      config.process.args = sh("hostname | xxd -p");
    });
    expect(container.run().stdout).toBe(`${hex("h\xff\n")}\n`);
  });

  test("a program's name, found in PATH", differs(NOT_UTF8), () => {
    const container = bundleOfBytes((config, rootfs) => {
      fs.writeFileSync(Buffer.from(join(rootfs, "bin/p\xff"), "latin1"), "#!/bin/sh\necho found\n", {
        mode: 0o755,
      });
      config.process.args = ["p\xff"];
    });
    expect(container.run().stdout).toBe("found\n");
  });
});

describe("refused:", () => {
  const places: [string, (config: Config) => void][] = [
    ["an argument", (config) => void config.process.args.push("a\0b")],
    ["a variable", (config) => void config.process.env.push("A=a\0b")],
    [
      "the working directory",
      (config) => {
        config.process.cwd = "/tmp\0x";
      },
    ],
    [
      "the host name",
      (config) => {
        config.hostname = "a\0b";
      },
    ],
    [
      "a mount",
      (config) => void config.mounts.push({ destination: "/tmp\0x", type: "tmpfs", source: "tmpfs" }),
    ],
    [
      "a masked path",
      (config) => {
        config.linux.maskedPaths = ["/proc/kcore\0x"];
      },
    ],
    [
      "the root",
      (config) => {
        config.root.path = "rootfs\0x";
      },
    ],
  ];

  test.each(places)(
    "NUL in %s",
    differs({ crun: "ends the string there", runc: "not everywhere" }),
    (_, edit) => {
      expect(failure(bundle(edit).run())).not.toBe("");
    },
  );

  test.each(["\\ud83d", "\\ude00", "\\ude00\\ud83d"])(
    "half a character: %s",
    differs({ crun: "replaces it", runc: "replaces it" }),
    (escaped) => {
      expect(() => variable("HERE", (json) => json.replace("HERE", () => escaped))).toThrow();
    },
  );
});

describe("a long", () => {
  test.each([65_535, 65_536, 65_537, 131_000])("variable of %i bytes", (length) => {
    const container = bundle((config) => {
      config.process.args = sh('printf %s "$IT" | wc -c');
      config.process.env.push(`IT=${"x".repeat(length)}`);
    });
    expect(container.run().stdout.trim()).toBe(`${length}`);
  });

  test("variable that the kernel does not take is an error", () => {
    const container = bundle((config) => void config.process.env.push(`IT=${"x".repeat(200_000)}`));
    expect(failure(container.run())).toMatch(/argument list too long|E2BIG/i);
  });

  test("environment of 10000 variables", () => {
    const container = bundle((config) => {
      config.process.args = sh("env | grep -c ^V");
      config.process.env.push(...Array.from({ length: 10_000 }, (_, i) => `V${i}=${i}`));
    });
    expect(container.run().stdout).toBe("10000\n");
  });

  test("list of 200 mounts", () => {
    const container = bundle((config) => {
      config.process.args = sh("grep -c ' /tmp/m' /proc/self/mountinfo");
      const tmpfs = (i: number) => ({ destination: `/tmp/m${i}`, type: "tmpfs", source: "tmpfs" });
      config.root.readonly = false;
      config.mounts.push(...Array.from({ length: 200 }, (_, i) => tmpfs(i)));
    });
    expect(container.run().stdout).toBe("200\n");
  });
});
