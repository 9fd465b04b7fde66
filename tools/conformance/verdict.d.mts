// The types of what tests use of verdict.mjs.

import type { ProgramResult } from "./tap.mjs";

export interface Reason {
  readonly why: string;
  readonly tests: readonly string[];
  readonly passedBy?: readonly string[];
}

export interface Verdict {
  readonly behind: readonly object[];
  readonly unexplained: readonly object[];
  readonly stale: readonly string[];
  readonly failed: number;
}

export declare function judge(results: readonly ProgramResult[], reasons: readonly Reason[]): Verdict;
