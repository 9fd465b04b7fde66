// The type of what the sweep uses of binary.mjs.

export declare function faultyBinary(): Promise<string>;
