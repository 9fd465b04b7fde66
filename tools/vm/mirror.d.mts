// The types of what tests use of mirror.mjs.

export declare function parseDeb822(text: string): string[];
export declare function parseList(text: string): string[];
