// src/container/spawn.ts, with a program in which one instruction is another.

import { type Spawning, type StageRequest, spawnStage as spawn } from "../../../src/container/spawn.ts";
import { RuntError } from "../../../src/error.ts";
import { type Code, type Program, programOf } from "../../../src/program/instruction.ts";
import { killPoint, plannedFault } from "./fault.ts";

// biome-ignore lint/performance/noBarrelFile: the module as it is, with one function around its own.
export * from "../../../src/container/spawn.ts";

/** Which no instruction tolerates. */
const EIO = 5;

export function spawnStage(request: StageRequest): Spawning {
  const spawning = spawn(request);
  killPoint("spawn");
  return {
    ...spawning,
    begin: (cgroup) => {
      spawning.begin(cgroup);
      killPoint("begin");
    },
    load: (program) => {
      spawning.load(edited(program));
      killPoint("load");
    },
    settle: () => {
      const stage = spawning.settle();
      killPoint("settle");
      const release = () => {
        stage.release();
        killPoint("release");
      };
      return { ...stage, release };
    },
  };
}

function edited(program: Program): Program {
  const fault = plannedFault();
  if (fault?.kind === "count") throw new RuntError({ what: `instructions: ${program.flat.length}` });
  if (fault === undefined || fault.kind === "kill") return program;
  return programOf(
    program.flat.map((code, index) => (String(index) === fault.at ? broken(code, fault.kind) : code)),
  );
}

function broken([, pointer]: Code, kind: string): Code {
  return kind === "fail" ? ["fail", pointer, EIO, "a test"] : ["exit", pointer, 1];
}
