// The types of what tests use of table.mjs.

export interface Row {
  readonly name: string;
  readonly passed: Readonly<Record<string, boolean>>;
  readonly verdict: "passed" | "failed" | "wrong";
}

export interface Outcome {
  readonly engine: string;
  readonly name: string;
  readonly runtime: string;
  readonly passed: boolean;
}

export declare function matrix(outcomes: readonly Outcome[]): Map<string, Row[]>;
export declare function table(rows: readonly Row[]): string[];
export interface Found {
  readonly version: string;
  readonly date: string;
  readonly rows: readonly Row[];
  readonly whole: boolean;
}

export declare function results(before: string, found: ReadonlyMap<string, Found>): string;
