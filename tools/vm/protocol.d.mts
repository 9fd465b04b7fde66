// The types of what tests use of protocol.mjs.

export declare const MARK: string;
