// The types of what tests use of tap.mjs.

export interface ProgramResult {
  readonly program: string;
  readonly runtime: string;
  readonly assertions: readonly {
    readonly name: string;
    readonly outcome: "passed" | "failed" | "skipped";
  }[];
}

export declare const ENDS: string;
export declare function parseTap(output: string, status: number | null): ProgramResult["assertions"];
