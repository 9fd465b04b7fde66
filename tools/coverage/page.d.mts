// The types of what tests use of page.mjs.

export type Recording = Record<string, Record<string, number>>;

export declare const PAGE: string;
export declare function page(record: Recording): string;
export declare function readRecord(): Recording;
