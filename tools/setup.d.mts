// The types of what tests use of setup.mjs.

export declare const isRoot: boolean;
export declare function busyboxRootfs(directory: string): void;
export declare function enterPrivateNamespace(): void;
