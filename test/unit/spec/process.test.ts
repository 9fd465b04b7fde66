// config.md, `process`.

import { describe, expect, test } from "vitest";
import { parseProcess, parseSpec } from "../../../src/spec/parse.ts";
import { processWarnings } from "../../../src/spec/process.ts";
import {
  type Acceptance,
  document,
  errorOf,
  type Rejection,
  testAccepted,
  testRejected,
} from "./document.ts";

const RLIMIT = "/process/rlimits";
const SCHEDULER = "/process/scheduler";
const ID = "expected an integer from 0 to 4294967294";

const ACCEPTED: readonly Acceptance[] = [
  ["/process/terminal", "true"],
  ["/process/consoleSize", '{"height":65535,"width":0}', undefined],
  ["/process/consoleSize", '"nonsense"', undefined],
  ["/process/cwd", '"/a/../b"'],
  ["/process/args", '["sh","","-c"]'],
  ["/process/env", '["A=","B=b=c","A=again"]'],
  ["/process/env", "[]"],
  ["/process/user/uid", "4294967294"],
  ["/process/user/umask", "0"],
  ["/process/user/umask", "511"],
  ["/process/user/additionalGids", "[0,4294967294,0]"],
  [RLIMIT, "[]"],
  [RLIMIT, '[{"type":"RLIMIT_CORE","soft":0,"hard":0}]', [{ type: "RLIMIT_CORE", soft: 0n, hard: 0n }]],
  [
    RLIMIT,
    '[{"type":"RLIMIT_NOFILE","soft":1024,"hard":18446744073709551615},{"type":"RLIMIT_RTTIME","soft":1,"hard":1}]',
    [
      { type: "RLIMIT_NOFILE", soft: 1024n, hard: 18446744073709551615n },
      { type: "RLIMIT_RTTIME", soft: 1n, hard: 1n },
    ],
  ],
  ["/process/capabilities", "{}"],
  ["/process/capabilities", '{"bounding":["CAP_CHOWN","CAP_CHOWN"],"ambient":[]}'],
  ["/process/capabilities", '{"effective":["CAP_UNHEARD_OF"]}'],
  ["/process/noNewPrivileges", "false"],
  ["/process/selinuxLabel", '"system_u:system_r:svirt_lxc_net_t:s0:c1,c2"'],
  [SCHEDULER, '{"policy":"SCHED_OTHER","nice":-20}'],
  [SCHEDULER, '{"policy":"SCHED_BATCH","nice":19,"priority":0}'],
  [SCHEDULER, '{"policy":"SCHED_RR","priority":99,"nice":0,"flags":["SCHED_FLAG_RESET_ON_FORK"]}'],
  [
    SCHEDULER,
    '{"policy":"SCHED_DEADLINE","runtime":1,"deadline":18446744073709551615,"period":3}',
    { policy: "SCHED_DEADLINE", runtime: 1n, deadline: 18446744073709551615n, period: 3n },
  ],
  [SCHEDULER, '{"policy":"SCHED_IDLE","runtime":0}', { policy: "SCHED_IDLE", runtime: 0n }],
  ["/process/ioPriority", '{"class":"IOPRIO_CLASS_IDLE","priority":7}'],
  ["/process/execCPUAffinity", '{"initial":"0-3,7","final":""}', { initial: "0-3,7" }],
  ["/process/execCPUAffinity", '{"final":" 1 , ,2-65535"}'],
];

const REJECTED: readonly Rejection[] = [
  ["/process/cwd", '"srv"', 'found string "srv", expected an absolute path'],
  ["/process/cwd", '""', 'found string "", expected an absolute path'],
  ["/process/args", "[]", "args must not be empty"],
  ["/process/args", '[""]', 'found string "", expected the name of a program', "/process/args/0"],
  [
    "/process/env",
    '["A=b","PATH"]',
    'found string "PATH", expected NAME=value with a name that is not empty',
    "/process/env/1",
  ],
  [
    "/process/env",
    '["=b"]',
    'found string "=b", expected NAME=value with a name that is not empty',
    "/process/env/0",
  ],
  ["/process/user/uid", "4294967295", `found number 4294967295, ${ID}`],
  ["/process/user/uid", "-1", `found number -1, ${ID}`],
  ["/process/user/uid", '"root"', `found string "root", ${ID}`],
  ["/process/user/gid", "1.5", `found number 1.5, ${ID}`],
  ["/process/user/umask", "512", "found number 512, expected an integer from 0 to 511"],
  [
    "/process/user/additionalGids",
    "[4294967295]",
    `found number 4294967295, ${ID}`,
    "/process/user/additionalGids/0",
  ],
  [
    "/process/user/additionalGids",
    `[${Array(65537).fill("1")}]`,
    "found 65537 groups, expected at most 65536",
  ],
  [
    RLIMIT,
    '[{"type":"RLIMIT_FILES","soft":1,"hard":1}]',
    'found string "RLIMIT_FILES", expected one of RLIMIT_AS, RLIMIT_CORE, RLIMIT_CPU, RLIMIT_DATA, RLIMIT_FSIZE, RLIMIT_LOCKS, RLIMIT_MEMLOCK, RLIMIT_MSGQUEUE, RLIMIT_NICE, RLIMIT_NOFILE, RLIMIT_NPROC, RLIMIT_RSS, RLIMIT_RTPRIO, RLIMIT_RTTIME, RLIMIT_SIGPENDING, RLIMIT_STACK',
    `${RLIMIT}/0/type`,
  ],
  [
    RLIMIT,
    '[{"type":"RLIMIT_AS","hard":1}]',
    "found nothing, expected an integer from 0 to 18446744073709551615",
    `${RLIMIT}/0/soft`,
  ],
  [
    RLIMIT,
    '[{"type":"RLIMIT_AS","soft":-1,"hard":1}]',
    "found number -1, expected an integer from 0 to 18446744073709551615",
    `${RLIMIT}/0/soft`,
  ],
  [RLIMIT, '[{"type":"RLIMIT_AS","soft":2,"hard":1}]', "soft limit 2 is above hard limit 1", `${RLIMIT}/0`],
  [
    RLIMIT,
    '[{"type":"RLIMIT_AS","soft":1,"hard":1},{"type":"RLIMIT_CPU","soft":1,"hard":1},{"type":"RLIMIT_AS","soft":1,"hard":1}]',
    "duplicated rlimit RLIMIT_AS",
    `${RLIMIT}/2`,
  ],
  [
    "/process/capabilities",
    '{"bounding":"CAP_CHOWN"}',
    'found string "CAP_CHOWN", expected an array',
    "/process/capabilities/bounding",
  ],
  ["/process/oomScoreAdj", "2000", "found number 2000, expected an integer from -1000 to 1000"],
  [
    SCHEDULER,
    "{}",
    "found nothing, expected one of SCHED_OTHER, SCHED_FIFO, SCHED_RR, SCHED_BATCH, SCHED_ISO, SCHED_IDLE, SCHED_DEADLINE",
    `${SCHEDULER}/policy`,
  ],
  [
    SCHEDULER,
    '{"policy":"SCHED_FIFO","nice":1}',
    "scheduler.nice can only be specified for SCHED_OTHER or SCHED_BATCH policy",
    `${SCHEDULER}/nice`,
  ],
  [
    SCHEDULER,
    '{"policy":"SCHED_OTHER","nice":20}',
    "found number 20, expected an integer from -20 to 19",
    `${SCHEDULER}/nice`,
  ],
  [
    SCHEDULER,
    '{"policy":"SCHED_OTHER","priority":1}',
    "scheduler.priority can only be specified for SCHED_FIFO or SCHED_RR policy",
    `${SCHEDULER}/priority`,
  ],
  [
    SCHEDULER,
    '{"policy":"SCHED_RR","priority":100}',
    "found number 100, expected an integer from 0 to 99",
    `${SCHEDULER}/priority`,
  ],
  [
    SCHEDULER,
    '{"policy":"SCHED_RR","runtime":1}',
    "scheduler.runtime can only be specified for SCHED_DEADLINE policy",
    `${SCHEDULER}/runtime`,
  ],
  [
    SCHEDULER,
    '{"policy":"SCHED_RR","deadline":1}',
    "scheduler.deadline can only be specified for SCHED_DEADLINE policy",
    `${SCHEDULER}/deadline`,
  ],
  [
    SCHEDULER,
    '{"policy":"SCHED_RR","period":1}',
    "scheduler.period can only be specified for SCHED_DEADLINE policy",
    `${SCHEDULER}/period`,
  ],
  [
    SCHEDULER,
    '{"policy":"SCHED_RR","flags":["SCHED_FLAG_NONE"]}',
    'found string "SCHED_FLAG_NONE", expected one of SCHED_FLAG_RESET_ON_FORK, SCHED_FLAG_RECLAIM, SCHED_FLAG_DL_OVERRUN, SCHED_FLAG_KEEP_POLICY, SCHED_FLAG_KEEP_PARAMS, SCHED_FLAG_UTIL_CLAMP_MIN, SCHED_FLAG_UTIL_CLAMP_MAX',
    `${SCHEDULER}/flags/0`,
  ],
  [
    "/process/ioPriority",
    '{"class":"IOPRIO_CLASS_NONE","priority":0}',
    'found string "IOPRIO_CLASS_NONE", expected one of IOPRIO_CLASS_RT, IOPRIO_CLASS_BE, IOPRIO_CLASS_IDLE',
    "/process/ioPriority/class",
  ],
  [
    "/process/ioPriority",
    '{"class":"IOPRIO_CLASS_BE","priority":8}',
    "found number 8, expected an integer from 0 to 7",
    "/process/ioPriority/priority",
  ],
  [
    "/process/execCPUAffinity",
    '{"initial":"3-1"}',
    'found string "3-1", expected a list of numbers and ranges such as 0-3,7',
    "/process/execCPUAffinity/initial",
  ],
  [
    "/process/execCPUAffinity",
    '{"final":"0-1-2"}',
    'found string "0-1-2", expected a list of numbers and ranges such as 0-3,7',
    "/process/execCPUAffinity/final",
  ],
  [
    "/process/execCPUAffinity",
    '{"final":"65536"}',
    'found string "65536", expected a list of numbers and ranges such as 0-3,7',
    "/process/execCPUAffinity/final",
  ],
];

describe("accepted", () => {
  testAccepted(ACCEPTED);
});

describe("rejected", () => {
  testRejected(REJECTED);
});

describe("with a terminal", () => {
  const sized = (consoleSize: string) =>
    document({ "/process/terminal": "true", "/process/consoleSize": consoleSize });

  test("the console size is read", () => {
    const { spec } = parseSpec(sized('{"height":24,"width":80}'));
    expect(spec.process?.consoleSize).toEqual({ height: 24, width: 80 });
  });

  test.each([
    [
      '{"height":65536,"width":1}',
      "/process/consoleSize/height",
      "found number 65536, expected an integer from 0 to 65535",
    ],
    ['{"height":1}', "/process/consoleSize/width", "found nothing, expected an integer from 0 to 65535"],
  ])("%s is refused", (json, pointer, what) => {
    expect(errorOf(() => parseSpec(sized(json)))).toEqual({ pointer, what });
  });
});

describe("a capability that nobody knows is a warning, once", () => {
  test.each([
    ["CAP_UNHEARD_OF", {}],
    ["sys_admin", { hint: "did you mean CAP_SYS_ADMIN?" }],
    ["constructor", {}],
  ])("%s", (name, more) => {
    const capabilities = JSON.stringify({ bounding: ["CAP_CHOWN", name], ambient: [name] });
    expect(parseSpec(document({ "/process/capabilities": capabilities })).warnings).toEqual([
      {
        pointer: "/process/capabilities/bounding/1",
        what: `ignoring unknown or unavailable capabilities: [${name}]`,
        ...more,
      },
    ]);
  });
});

describe("a process of its own", () => {
  const PROCESS = { user: { uid: 1, gid: 2 }, args: ["sh"], cwd: "/" };

  test("has pointers of its own", () => {
    const text = JSON.stringify({ ...PROCESS, cwd: "x" });
    expect(errorOf(() => parseProcess(text))).toEqual({
      pointer: "/cwd",
      what: 'found string "x", expected an absolute path',
    });
    const process = parseProcess(JSON.stringify({ ...PROCESS, capabilities: { effective: ["X"] } }));
    expect(processWarnings(process, "").map(({ pointer }) => pointer)).toEqual(["/capabilities/effective/0"]);
  });

  test("is read as in config.json", () => {
    expect(parseProcess(JSON.stringify({ ...PROCESS, terminal: null, consoleSize: 1 }))).toEqual(PROCESS);
  });
});
