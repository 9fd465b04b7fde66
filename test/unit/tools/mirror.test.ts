// Which mirror the virtual machine's packages come from, by sources.list(5).

import { describe, expect, test } from "vitest";
import { parseDeb822, parseList } from "../../../tools/vm/mirror.mjs";

describe("deb822", () => {
  test("the stanza of a release counts, those of its updates and of others do not", () => {
    const text = `# a comment
Types: deb deb-src
URIs: http://mirror.example/debian http://second.example/debian
Suites: bookworm bookworm-updates
Components: main contrib
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg

Types: deb
URIs: http://mirror.example/debian-security
Suites: bookworm-security
Components: main

Types: deb
URIs: https://someone.example/packages
Suites: any
Components: main
`;
    expect(parseDeb822(text)).toEqual(["http://mirror.example/debian", "http://second.example/debian"]);
  });

  test.each([
    ["disabled", "Enabled: no\nTypes: deb\nURIs: http://m.example\nSuites: stable\nComponents: main\n"],
    ["sources only", "Types: deb-src\nURIs: http://m.example\nSuites: stable\nComponents: main\n"],
    ["without main", "Types: deb\nURIs: http://m.example\nSuites: stable\nComponents: contrib\n"],
    ["empty", ""],
  ])("%s: none", (_, text) => {
    expect(parseDeb822(text)).toEqual([]);
  });
});

test("one-line style", () => {
  const text = `# deb http://commented.example trixie main
deb [arch=amd64 signed-by=/k.gpg] http://mirror.example/debian trixie main contrib
deb http://mirror.example/debian-security trixie-security main
deb https://someone.example/apt cloud-sdk-bookworm main
deb-src http://sources.example/debian trixie main
`;
  expect(parseList(text)).toEqual(["http://mirror.example/debian"]);
});
