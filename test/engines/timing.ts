// How long `docker run --rm` and `podman run --rm` take with each runtime, in alternation, so that whatever else goes on
// goes on for all of them.

import { spawnSync } from "node:child_process";
import { documented, INSTALL } from "./engines.ts";
import { IMAGE, succeed } from "./run.ts";

const ROUNDS = 40;
const RUNTIMES = ["runt", "crun", "runc"] as const;
const DAEMON = "/etc/docker/daemon.json";

export interface Times {
  readonly engine: string;
  /** Milliseconds, by runtime: median and quartiles. */
  readonly times: Readonly<Record<string, readonly [number, number, number]>>;
}

const WAYS = [
  {
    engine: "docker run --rm",
    start: `${documented("docker")}
      node -e '
        const fs = require("fs");
        const config = JSON.parse(fs.readFileSync("${DAEMON}"));
        fs.writeFileSync("${DAEMON}", JSON.stringify({ ...config, runtimes: { ...config.runtimes, crun: { path: "/usr/bin/crun" } } }));'
      systemctl restart docker
      docker image inspect $I > /dev/null 2>&1 || docker import /var/tmp/layer.tar $I > /dev/null`,
    stop: `systemctl stop docker.socket docker.service containerd.service; rm -f ${DAEMON}`,
    command: (runtime: string) => ["docker", "run", "--rm", `--runtime=${runtime}`],
  },
  {
    engine: "podman run --rm",
    start: `${documented("podman")}; podman image exists $I || podman import -q /var/tmp/layer.tar $I > /dev/null`,
    stop: "rm -f /etc/containers/containers.conf.d/runt.conf",
    command: (runtime: string) => ["podman", `--runtime=${runtime}`, "run", "--rm"],
  },
];

/** @param words names of engines and runtimes; all of those that none is named of */
export function measure(words: readonly string[]): Times[] {
  const runtimes = RUNTIMES.filter((name) => words.includes(name));
  const ways = WAYS.filter(({ engine }) => words.includes(engine.split(" ")[0] ?? ""));
  succeed(INSTALL);
  return (ways.length === 0 ? WAYS : ways).map(({ engine, start, stop, command }) => {
    succeed(start);
    try {
      return { engine, times: alternated(command, runtimes.length === 0 ? RUNTIMES : runtimes) };
    } finally {
      succeed(stop);
    }
  });
}

function alternated(command: (runtime: string) => string[], runtimes: readonly string[]): Times["times"] {
  const taken: Record<string, number[]> = Object.fromEntries(runtimes.map((name) => [name, []]));
  // The first round fills caches.
  for (let round = -1; round < ROUNDS; round++) {
    for (const runtime of runtimes) {
      const [program = "", ...args] = command(runtime);
      const started = performance.now();
      const { status, stderr } = spawnSync(program, [...args, "--network=none", IMAGE, "true"], {
        encoding: "utf8",
      });
      if (status !== 0) throw new Error(`${program} with ${runtime}: ${stderr}`);
      if (round >= 0) taken[runtime]?.push(performance.now() - started);
    }
  }
  return Object.fromEntries(Object.entries(taken).map(([runtime, times]) => [runtime, quartiles(times)]));
}

function quartiles(times: readonly number[]): [number, number, number] {
  const sorted = [...times].sort((a, b) => a - b);
  const at = (part: number) => Math.round(sorted[Math.floor(part * (sorted.length - 1))] ?? 0);
  return [at(0.5), at(0.25), at(0.75)];
}
