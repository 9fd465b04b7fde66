// Where Debian's packages come from: the mirror that this machine itself is configured to use, if it is a Debian, and
// its settings of apt; otherwise mmdebstrap's own default.

import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

const LISTS = "/etc/apt/sources.list.d";
// What decides whether and how a mirror is reached.
const SETTINGS = /^Acquire::(https?::|ftp::|Retries|Check-Valid-Until|Check-Date|ForceIPv[46])/;

/**
 * @param {string} suite
 * @returns {string[]} lines of sources.list(5); none where mmdebstrap has to choose
 */
export function aptSources(suite) {
  if (!/^ID=debian$/m.test(read("/etc/os-release"))) return [];
  const [mirror] = mirrors();
  return mirror === undefined ? [] : [`deb ${mirror} ${suite} main`];
}

/** @returns {string[]} lines of apt.conf(5): proxies, and whether the dates of a mirror count */
export function aptSettings() {
  const dump = execFileSync("apt-config", ["dump", "--no-empty"], { encoding: "utf8" });
  return dump.split("\n").filter((line) => SETTINGS.test(line));
}

/** @returns {string[]} URIs that have the main packages, not only their updates */
function mirrors() {
  const lists = existsSync(LISTS) ? readdirSync(LISTS).map((name) => join(LISTS, name)) : [];
  const oneLine = ["/etc/apt/sources.list", ...lists.filter((path) => path.endsWith(".list"))];
  const deb822 = lists.filter((path) => path.endsWith(".sources"));
  return [
    ...deb822.flatMap((path) => parseDeb822(read(path))),
    ...oneLine.flatMap((path) => parseList(read(path))),
  ];
}

/** @param {string} text deb822 stanzas of sources.list(5) */
export function parseDeb822(text) {
  return text.split(/\n\s*\n/).flatMap((stanza) => {
    const field = (name) =>
      stanza
        .match(new RegExp(`^${name}:(.*)$`, "im"))?.[1]
        ?.trim()
        .split(/\s+/) ?? [];
    if (field("Enabled")[0] === "no" || !field("Types").includes("deb")) return [];
    return isMain(field("Suites"), field("Components")) ? field("URIs") : [];
  });
}

/** @param {string} text lines of sources.list(5) */
export function parseList(text) {
  return text.split("\n").flatMap((line) => {
    const [, uri, suite, components] = line.match(/^deb\s+(?:\[[^\]]*\]\s+)?(\S+)\s+(\S+)\s+(.*)$/) ?? [];
    if (uri === undefined || suite === undefined) return [];
    return isMain([suite], (components ?? "").split(/\s+/)) ? [uri] : [];
  });
}

const RELEASES = /^(oldstable|stable|testing|unstable|sid|bullseye|bookworm|trixie|forky|duke)$/;

/**
 * Whether it is an archive of Debian itself, which has all suites, and not somebody's packages for one of them.
 * @param {string[]} suites
 * @param {string[]} components
 */
function isMain(suites, components) {
  return components.includes("main") && suites.some((suite) => RELEASES.test(suite));
}

/** @param {string} path */
function read(path) {
  return existsSync(path) ? readFileSync(path, "utf8") : "";
}
