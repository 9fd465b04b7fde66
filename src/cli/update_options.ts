// The options of `update`, by the names that runc gives them.

import type { OptionSpec } from "./options.ts";

export const UPDATE = [
  {
    name: "resources",
    alias: "r",
    kind: "text",
    argument: "FILE",
    description:
      "read linux.resources as JSON from FILE, or from standard input if it is -, and ignore the rest",
  },
  { name: "blkio-weight", kind: "text", argument: "N", description: "weight of block I/O, 10 to 1000" },
  { name: "cpu-period", kind: "text", argument: "USEC", description: "period that the quota is for" },
  {
    name: "cpu-quota",
    kind: "text",
    argument: "USEC",
    description: "CPU time in each period, -1: unlimited",
  },
  {
    name: "cpu-burst",
    kind: "text",
    argument: "USEC",
    description: "CPU time of earlier periods that may be used in one",
  },
  { name: "cpu-share", kind: "text", argument: "N", description: "relative weight, 2 to 262144" },
  { name: "cpu-rt-period", kind: "text", argument: "USEC", description: "ignored: cgroup v1 only" },
  { name: "cpu-rt-runtime", kind: "text", argument: "USEC", description: "ignored: cgroup v1 only" },
  {
    name: "cpu-idle",
    kind: "text",
    argument: "N",
    description: "1: run only where a CPU is idle; 0: not so",
  },
  { name: "cpuset-cpus", kind: "text", argument: "LIST", description: "CPUs to run on, like 0-2,7" },
  { name: "cpuset-mems", kind: "text", argument: "LIST", description: "memory nodes to use, like 0-1" },
  { name: "memory", kind: "text", argument: "BYTES", description: "memory limit, like 512m; -1: unlimited" },
  {
    name: "memory-reservation",
    kind: "text",
    argument: "BYTES",
    description: "memory that is not taken away while there is other",
  },
  {
    name: "memory-swap",
    kind: "text",
    argument: "BYTES",
    description: "limit of memory and swap together; -1: unlimited",
  },
  { name: "kernel-memory", kind: "text", argument: "BYTES", description: "ignored: obsolete" },
  { name: "kernel-memory-tcp", kind: "text", argument: "BYTES", description: "ignored: obsolete" },
  {
    name: "pids-limit",
    kind: "text",
    argument: "N",
    description: "number of processes and threads; -1: unlimited",
  },
  {
    name: "l3-cache-schema",
    kind: "text",
    argument: "TEXT",
    description: "share of the L3 cache: a line of resctrl",
  },
  {
    name: "mem-bw-schema",
    kind: "text",
    argument: "TEXT",
    description: "share of memory bandwidth: a line of resctrl",
  },
] as const satisfies readonly OptionSpec[];
