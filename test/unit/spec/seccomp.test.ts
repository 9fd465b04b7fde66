// config-linux.md, seccomp.

import { describe, expect, test } from "vitest";
import { parseSpec } from "../../../src/spec/parse.ts";
import {
  type Acceptance,
  document,
  errorOf,
  type Rejection,
  testAccepted,
  testRejected,
} from "./document.ts";

const S = "/linux/seccomp";
const ACTIONS =
  "SCMP_ACT_KILL, SCMP_ACT_KILL_PROCESS, SCMP_ACT_KILL_THREAD, SCMP_ACT_TRAP, SCMP_ACT_ERRNO, SCMP_ACT_TRACE, SCMP_ACT_ALLOW, SCMP_ACT_LOG, SCMP_ACT_NOTIFY";
const TRACERS = "only SCMP_ACT_ERRNO and SCMP_ACT_TRACE do";

/** A filter that allows all but what is given. */
const filter = (fields: string) => `{"defaultAction":"SCMP_ACT_ALLOW",${fields}}`;
const rule = (fields: string) => filter(`"syscalls":[{"names":["read"],${fields}}]`);

const ACCEPTED: readonly Acceptance[] = [
  [S, '{"defaultAction":"SCMP_ACT_ALLOW"}'],
  [S, '{"defaultAction":"SCMP_ACT_ERRNO","defaultErrnoRet":38,"syscalls":[]}'],
  [S, '{"defaultAction":"SCMP_ACT_ERRNO","defaultErrnoRet":0}'],
  [S, '{"defaultAction":"SCMP_ACT_TRACE","defaultErrnoRet":65535}'],
  [S, filter('"architectures":["SCMP_ARCH_X86_64","SCMP_ARCH_X32"],"flags":[]')],
  [S, filter('"flags":["SECCOMP_FILTER_FLAG_LOG","SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV"]')],
  [S, filter('"listenerPath":"/run/agent.sock","listenerMetadata":"a"')],
  [S, filter('"listenerPath":"/a","syscalls":[{"names":["mkdir"],"action":"SCMP_ACT_NOTIFY"}]')],
  [S, rule('"action":"SCMP_ACT_KILL_PROCESS"')],
  [S, rule('"action":"SCMP_ACT_ERRNO","errnoRet":4095')],
  [S, filter('"syscalls":[{"names":["no_such_call"],"action":"SCMP_ACT_LOG"}]')],
  [
    S,
    rule(
      '"action":"SCMP_ACT_LOG","args":[{"index":5,"value":1,"valueTwo":18446744073709551615,"op":"SCMP_CMP_MASKED_EQ"}]',
    ),
    {
      defaultAction: "SCMP_ACT_ALLOW",
      syscalls: [
        {
          names: ["read"],
          action: "SCMP_ACT_LOG",
          args: [{ index: 5, value: 1n, valueTwo: 18446744073709551615n, op: "SCMP_CMP_MASKED_EQ" }],
        },
      ],
    },
  ],
];

const REJECTED: readonly Rejection[] = [
  [S, "{}", `found nothing, expected one of ${ACTIONS}`, `${S}/defaultAction`],
  [S, '{"defaultAction":"ALLOW"}', `found string "ALLOW", expected one of ${ACTIONS}`, `${S}/defaultAction`],
  [
    S,
    '{"defaultAction":"SCMP_ACT_NOTIFY"}',
    "SCMP_ACT_NOTIFY cannot be used as default action",
    `${S}/defaultAction`,
  ],
  [
    S,
    filter('"defaultErrnoRet":1'),
    "found number 1, but SCMP_ACT_ALLOW returns no errno",
    `${S}/defaultErrnoRet`,
  ],
  [
    S,
    '{"defaultAction":"SCMP_ACT_ERRNO","defaultErrnoRet":4096}',
    "found number 4096, expected an integer from 0 to 4095",
    `${S}/defaultErrnoRet`,
  ],
  [
    S,
    '{"defaultAction":"SCMP_ACT_TRACE","defaultErrnoRet":65536}',
    "found number 65536, expected an integer from 0 to 65535",
    `${S}/defaultErrnoRet`,
  ],
  [
    S,
    filter('"flags":["X"]'),
    'found string "X", expected one of SECCOMP_FILTER_FLAG_TSYNC, SECCOMP_FILTER_FLAG_LOG, SECCOMP_FILTER_FLAG_SPEC_ALLOW, SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV',
    `${S}/flags/0`,
  ],
  [
    S,
    filter('"listenerMetadata":"a"'),
    "listenerMetadata must not be set without listenerPath",
    `${S}/listenerMetadata`,
  ],
  [S, rule('"action":"SCMP_ACT_NOTIFY"'), "seccomp listenerPath is not set", `${S}/syscalls/0/action`],
  [
    S,
    filter('"listenerPath":"/a","syscalls":[{"names":["read","write"],"action":"SCMP_ACT_NOTIFY"}]'),
    "SCMP_ACT_NOTIFY cannot be used for the write syscall",
    `${S}/syscalls/0`,
  ],
  [
    S,
    filter('"syscalls":[{"names":[],"action":"SCMP_ACT_LOG"}]'),
    "found an array of 0, expected at least one name of a syscall",
    `${S}/syscalls/0/names`,
  ],
  [
    S,
    filter('"syscalls":[{"names":["read",1],"action":"SCMP_ACT_LOG"}]'),
    "found number 1, expected a string",
    `${S}/syscalls/0/names/1`,
  ],
  [
    S,
    filter('"syscalls":[{"names":["read","a\\u0000b"],"action":"SCMP_ACT_LOG"}]'),
    'found string "a\\x00b", expected a string without NUL',
    `${S}/syscalls/0/names/1`,
  ],
  [
    S,
    filter('"syscalls":[{"names":[""],"action":"SCMP_ACT_LOG"}]'),
    'found string "", expected a string that is not empty',
    `${S}/syscalls/0/names/0`,
  ],
  [
    S,
    filter('"syscalls":[{"action":"SCMP_ACT_LOG"}]'),
    "found nothing, expected an array",
    `${S}/syscalls/0/names`,
  ],
  [
    S,
    rule('"action":"SCMP_ACT_KILL","errnoRet":1'),
    "found number 1, but SCMP_ACT_KILL returns no errno",
    `${S}/syscalls/0/errnoRet`,
  ],
  [
    S,
    rule('"action":"SCMP_ACT_ERRNO","errnoRet":4096'),
    "found number 4096, expected an integer from 0 to 4095",
    `${S}/syscalls/0/errnoRet`,
  ],
  [
    S,
    rule('"action":"SCMP_ACT_LOG","args":[{"index":6,"value":0,"op":"SCMP_CMP_EQ"}]'),
    "found number 6, expected an integer from 0 to 5",
    `${S}/syscalls/0/args/0/index`,
  ],
  [
    S,
    rule('"action":"SCMP_ACT_LOG","args":[{"index":0,"value":-1,"op":"SCMP_CMP_EQ"}]'),
    "found number -1, expected an integer from 0 to 18446744073709551615",
    `${S}/syscalls/0/args/0/value`,
  ],
  [
    S,
    rule('"action":"SCMP_ACT_LOG","args":[{"index":0,"value":0,"op":"=="}]'),
    'found string "==", expected one of SCMP_CMP_NE, SCMP_CMP_LT, SCMP_CMP_LE, SCMP_CMP_EQ, SCMP_CMP_GE, SCMP_CMP_GT, SCMP_CMP_MASKED_EQ',
    `${S}/syscalls/0/args/0/op`,
  ],
];

describe("accepted", () => testAccepted(ACCEPTED));
describe("rejected", () => testRejected(REJECTED));

test("an unknown architecture is refused", () => {
  const record = errorOf(() => parseSpec(document({ [S]: filter('"architectures":["x86"]') })));
  expect(record.pointer).toBe(`${S}/architectures/0`);
  expect(record.what).toMatch(/^found string "x86", expected one of SCMP_ARCH_X86, /);
});

test("an errno that would be lost comes with a hint", () => {
  expect(errorOf(() => parseSpec(document({ [S]: filter('"defaultErrnoRet":1') }))).hint).toBe(TRACERS);
});
