// The types of what tests use of table.mjs.

export interface Row {
  readonly name: string;
  readonly passed: Readonly<Record<string, boolean>>;
  readonly verdict: "passed" | "failed" | "pending" | "wrong";
}

export interface Outcome {
  readonly engine: string;
  readonly name: string;
  readonly runtime: string;
  readonly passed: boolean;
  readonly pending?: string;
}

export declare function matrix(outcomes: readonly Outcome[]): Map<string, Row[]>;
export declare function table(rows: readonly Row[]): string[];
export declare function results(
  before: string,
  found: ReadonlyMap<string, { heading: string; rows: readonly Row[] }>,
): string;
