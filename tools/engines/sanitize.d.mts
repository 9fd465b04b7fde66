// The types of what tests use of sanitize.mjs.

export declare function sanitized(text: string): string;
