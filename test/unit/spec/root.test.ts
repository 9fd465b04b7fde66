// The fields of the document itself: version, root, host names, annotations, mounts, hooks.

import { describe } from "vitest";
import { type Acceptance, type Rejection, testAccepted, testRejected } from "./document.ts";

const NOT_SEMVER = "expected a SemVer version 1.x.y";

const ACCEPTED: readonly Acceptance[] = [
  ["/ociVersion", '"1.0.0"'],
  ["/ociVersion", '"1.3.0"'],
  ["/ociVersion", '"1.99.12"'],
  ["/ociVersion", '"1.0.2-dev"'],
  ["/ociVersion", '"1.1.0+dev"'],
  ["/ociVersion", '"1.2.1-rc.1+build-0.07"'],
  ["/root/path", '"/var/lib/rootfs"'],
  ["/root/path", '"../rootfs"'],
  ["/root/readonly", "true"],
  ["/root/readonly", "false"],
  ["/hostname", `"${"h".repeat(64)}"`],
  ["/domainname", '"example.org"'],
  ["/annotations", '{"org.example/key":"","a b":"c"}'],
  ["/annotations", "{}"],
  ["/mounts", "[]"],
  ["/mounts", '[{"destination":"/a"}]'],
  ["/mounts", '[{"destination":"data/a"}]'],
  ["/mounts", '[{"destination":"/a/../b"}]'],
  ["/mounts", '[{"destination":"/a","type":"","source":""}]', [{ destination: "/a" }]],
  ["/mounts", '[{"destination":"/proc","type":"proc"}]'],
  ["/mounts", '[{"destination":"/proc","source":"/proc","options":["rbind"]}]'],
  ["/mounts", '[{"destination":"/proc/meminfo","source":"/a","options":["bind"]}]'],
  ["/mounts", '[{"destination":"/proc/sys/kernel/ns_last_pid","source":"/a","options":["bind"]}]'],
  ["/mounts", '[{"destination":"/process"}]'],
  ["/mounts", '[{"destination":"/a","options":["idmap"]}]'],
  [
    "/mounts",
    '[{"destination":"/a","uidMappings":[{"containerID":0,"hostID":1,"size":1}],"gidMappings":[{"containerID":0,"hostID":1,"size":1}]}]',
  ],
  ["/hooks", "{}"],
  ["/hooks", '{"prestart":[],"poststop":[{"path":"/a"}]}'],
  ["/hooks", '{"createRuntime":[{"path":"/a","args":[],"env":["A"],"timeout":1}]}'],
  ["/hooks", '{"createContainer":[{"path":"/a","timeout":2147483}]}'],
  ["/hooks", '{"startContainer":[{"path":"/a"}],"poststart":[{"path":"/b"}]}'],
];

const REJECTED: readonly Rejection[] = [
  ["/ociVersion", '"0.5.0"', `found string "0.5.0", ${NOT_SEMVER}`],
  ["/ociVersion", '"2.0.0"', `found string "2.0.0", ${NOT_SEMVER}`],
  ["/ociVersion", '"1.0"', `found string "1.0", ${NOT_SEMVER}`],
  ["/ociVersion", '"1.02.0"', `found string "1.02.0", ${NOT_SEMVER}`],
  ["/ociVersion", '"1.0.0-01"', `found string "1.0.0-01", ${NOT_SEMVER}`],
  ["/ociVersion", '"1.0.0-"', `found string "1.0.0-", ${NOT_SEMVER}`],
  ["/ociVersion", '"v1.0.0"', `found string "v1.0.0", ${NOT_SEMVER}`],
  ["/ociVersion", '"1.0.0\\n"', `found string "1.0.0\\n", ${NOT_SEMVER}`],
  ["/ociVersion", "1", `found number 1, ${NOT_SEMVER}`],
  ["/root/path", '""', 'found string "", expected a string that is not empty'],
  ["/root/readonly", '"false"', 'found string "false", expected true or false'],
  ["/hostname", `"${"h".repeat(65)}"`, `found string "${"h".repeat(60)}...", expected at most 64 bytes`],
  ["/domainname", `"${"h".repeat(65)}"`, `found string "${"h".repeat(60)}...", expected at most 64 bytes`],
  ["/annotations", '{"a":1}', "found number 1, expected a string", "/annotations/a"],
  ["/annotations", '{"a":null}', "found null, expected a string", "/annotations/a"],
  ["/mounts", "{}", "found an object, expected an array"],
  ["/mounts", "[null]", "found null, expected an object", "/mounts/0"],
  ["/mounts", "[{}]", "found nothing, expected a string", "/mounts/0/destination"],
  [
    "/mounts",
    '[{"destination":""}]',
    'found string "", expected a string that is not empty',
    "/mounts/0/destination",
  ],
  ["/mounts", '[{"destination":"/"}]', 'mountpoint "/" is on the top of rootfs', "/mounts/0/destination"],
  ["/mounts", '[{"destination":"."}]', 'mountpoint "." is on the top of rootfs', "/mounts/0/destination"],
  [
    "/mounts",
    '[{"destination":"/a/.."}]',
    'mountpoint "/a/.." is on the top of rootfs',
    "/mounts/0/destination",
  ],
  [
    "/mounts",
    '[{"destination":"/a/../../b"}]',
    'mountpoint "/a/../../b" climbs above the root of the container',
    "/mounts/0/destination",
  ],
  [
    "/mounts",
    '[{"destination":"../b"}]',
    'mountpoint "../b" climbs above the root of the container',
    "/mounts/0/destination",
  ],
  [
    "/mounts",
    '[{"destination":"/proc","type":"tmpfs"}]',
    '"/proc" cannot be mounted because it is not of type proc',
    "/mounts/0/destination",
  ],
  [
    "/mounts",
    '[{"destination":"/proc/self/attr","type":"tmpfs"}]',
    '"/proc/self/attr" cannot be mounted because it is inside /proc',
    "/mounts/0/destination",
  ],
  [
    "/mounts",
    '[{"destination":"//x/../proc/./self","source":"/a","options":["bind"]}]',
    '"//x/../proc/./self" cannot be mounted because it is inside /proc',
    "/mounts/0/destination",
  ],
  [
    "/mounts",
    '[{"destination":"/a","options":["bind"]}]',
    "found nothing, expected the path to bind",
    "/mounts/0/source",
  ],
  [
    "/mounts",
    '[{"destination":"/a","source":"","options":["rbind"]}]',
    "found nothing, expected the path to bind",
    "/mounts/0/source",
  ],
  [
    "/mounts",
    '[{"destination":"/a","uidMappings":[{"containerID":0,"hostID":1,"size":1}]}]',
    "uidMappings and gidMappings must be specified together",
    "/mounts/0",
  ],
  ["/hooks", '{"prestart":{}}', "found an object, expected an array", "/hooks/prestart"],
  ["/hooks", '{"prestart":[{}]}', "found nothing, expected an absolute path", "/hooks/prestart/0/path"],
  [
    "/hooks",
    '{"poststop":[{"path":"/a"},{"path":"a"}]}',
    'found string "a", expected an absolute path',
    "/hooks/poststop/1/path",
  ],
  [
    "/hooks",
    '{"poststart":[{"path":"/a","timeout":0}]}',
    "found number 0, expected an integer from 1 to 2147483",
    "/hooks/poststart/0/timeout",
  ],
  [
    "/hooks",
    '{"startContainer":[{"path":"/a","timeout":-1}]}',
    "found number -1, expected an integer from 1 to 2147483",
    "/hooks/startContainer/0/timeout",
  ],
  [
    "/hooks",
    '{"createRuntime":[{"path":"/a","args":[1]}]}',
    "found number 1, expected a string",
    "/hooks/createRuntime/0/args/0",
  ],
  [
    "/hooks",
    '{"createContainer":[{"path":"/a","env":"A=b"}]}',
    'found string "A=b", expected an array',
    "/hooks/createContainer/0/env",
  ],
];

describe("accepted", () => {
  testAccepted(ACCEPTED);
});

describe("rejected", () => {
  testRejected(REJECTED);
});
