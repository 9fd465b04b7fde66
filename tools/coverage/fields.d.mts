// The types of what tests use of fields.mjs.

export declare function specificationFields(): string[];
export declare function fieldsSet(document: object, base: object): string[];
