// systemd reloads its configuration, and writes what it knows of each unit to the cgroups: limits and device rules that
// came from config.json are what they were before.

import { execFileSync, spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { expect, onTestFinished, test } from "vitest";
import { drive } from "../systemd/bed.ts";

const FILES = {
  "memory.max": "67108864",
  "memory.low": "33554432",
  "memory.swap.max": "0",
  "cpu.weight": "174",
  "cpu.max": "33500 50000",
  "cpuset.cpus": "0",
  "pids.max": "50",
};

const RESOURCES = {
  memory: { limit: 67108864, reservation: 33554432, swap: 67108864 },
  cpu: { shares: 2048, quota: 33300, period: 50000, cpus: "0" },
  pids: { limit: 50 },
  devices: [
    { allow: false, access: "rwm" },
    { allow: true, type: "c", major: 1, minor: 3, access: "rwm" },
    { allow: true, type: "c", major: 5, access: "rwm" },
  ],
};

/** Opens each device that it reads the name of. */
const OPENER = 'while read -r device; do if (: < "$device") 2>&-; then echo yes; else echo no; fi; done';

test("limits and device rules survive systemctl daemon-reload", async () => {
  const process = spawn("sh", ["-c", OPENER], { stdio: ["pipe", "pipe", "inherit"] });
  onTestFinished(() => void process.kill("SIGKILL"));
  const answers = createInterface(process.stdout)[Symbol.asyncIterator]();
  const opens = async (device: string) => {
    process.stdin.write(`${device}\n`);
    return (await answers.next()).value as string;
  };
  const request = { cgroupsPath: "runt-test.slice:p:reload", id: "reload", pid: process.pid ?? 0 };
  const answer = await drive({ operation: "start", ...request, resources: RESOURCES }, {});
  expect(answer).toMatchObject({ code: 0 });

  const seen = async () => ({
    ...Object.fromEntries(
      Object.keys(FILES).map((name) => [
        name,
        readFileSync(`/sys/fs/cgroup${answer.path}/${name}`, "utf8").trim(),
      ]),
    ),
    null: await opens("/dev/null"),
    ptmx: await opens("/dev/ptmx"),
    zero: await opens("/dev/zero"),
    kmsg: await opens("/dev/kmsg"),
  });
  const expected = { ...FILES, null: "yes", ptmx: "yes", zero: "no", kmsg: "no" };
  expect(await seen()).toEqual(expected);
  execFileSync("systemctl", ["daemon-reload"]);
  expect(await seen()).toEqual(expected);

  const devices = [{ allow: true, type: "c", major: 1, minor: 5, access: "r" }];
  expect(await drive({ operation: "update", ...request, resources: { devices } }, {})).toMatchObject({
    code: 0,
  });
  expect(await opens("/dev/zero")).toBe("yes");
  expect(await opens("/dev/null")).toBe("no");
  expect(await drive({ operation: "stop", ...request }, {})).toMatchObject({ code: 0 });
});
