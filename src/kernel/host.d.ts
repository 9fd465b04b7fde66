// The primitives of the host: native/host/src. Strings are byte strings.

declare module "runt:host" {
  type Argument = number | bigint | string | null | Uint8Array;

  /**
   * The kernel's raw answer, -errno on failure. A string is passed NUL-terminated, a buffer by address, undefined
   * and null as 0.
   */
  export function syscall(number: number, ...args: readonly (Argument | undefined)[]): number;

  /** What a function of the linked libraries returns, by its place in the table of native/host/src/kernel.rs. */
  export function library(index: number, ...args: readonly (Argument | undefined)[]): number;

  /** Where the buffer lies. It must be kept by whoever gives the address away. */
  export function address(buffer: Uint8Array): number;

  /** Writes the bytes of `text` at `offset` and returns their number. */
  export function encode(buffer: Uint8Array, offset: number, text: string): number;

  /** The bytes from `from` to `to` as a byte string. */
  export function decode(buffer: Uint8Array, from: number, to: number): string;

  /**
   * The code as the bytes that the stage runs. `numbers` are those of the system calls by name, `descriptors` those of
   * the inherited ones. The types are those of program/instruction.ts.
   */
  export function assemble(
    code: readonly (readonly unknown[])[],
    numbers: Readonly<Record<string, number>>,
    descriptors: Readonly<Record<string, number>>,
  ): Uint8Array;

  interface SpawnRequest {
    /** `struct clone_args` of clone3(2), without the stack. */
    readonly cloneArgs: Uint8Array;
    /** System calls of seven u64 each (number, arguments), made before the process is cloned, by a child of ours. */
    readonly before: Uint8Array;
    /** The child goes first into the cgroup of `cloneArgs`: what it does before may cost it the privilege to. */
    readonly goesFirst: boolean;
    /** A cpu_set_t: the processors that the child begins on. It inherits ours otherwise. */
    readonly elsewhere?: Uint8Array | undefined;
    /** The same, made by the process before it executes. */
    readonly after: Uint8Array;
    /** Descriptor of the executable. */
    readonly executable: number;
    readonly argv: readonly string[];
    /** Cloned by this very process, and not by a child of it that leaves us free: only so it inherits our time. */
    readonly direct: boolean;
    /** Two i32 that say which call failed (-1: execveat), and its errno. Kept until the process has executed. */
    readonly status: Uint8Array;
  }

  /** Starts. The function that it returns waits until the process exists: its pid, or -errno of the clone. */
  export function spawn(request: SpawnRequest): () => number;

  export const argv: readonly string[];
  /** One string: all variables, with a NUL between two of them. Most commands ask for few. */
  export const environ: readonly [string?];
  /** The executable of the stage. */
  export const stage: Uint8Array;
}
