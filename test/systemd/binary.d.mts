// The type of what the tests use of binary.mjs.

export declare function driverBinary(): Promise<string>;
