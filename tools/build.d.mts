// The types of what tests use of build.mjs.

import type { Plugin } from "esbuild";

export declare const ROOT: string;
export declare const LIBRARY: string;
export declare const NO_LIBRARY: string;
export declare function hasLibrary(): boolean;
export declare const HOST_ENVIRONMENT: Readonly<Record<string, string>>;
export declare function build(variant?: {
  readonly binary?: string;
  readonly work?: string;
  readonly plugins?: readonly Plugin[];
  readonly inputs?: readonly string[];
}): Promise<string>;
