// The one error record of runt, from the system call to the last line a person or an engine reads.
// It says what was being done, to which field of config.json, what the kernel answered and, where we know
// one, the remedy. It refuses to be wrapped: whoever knows more fills in the field that is still empty.

export interface ErrorRecord {
  /** What was being done, or what is wrong: `bind /run/x on /etc/resolv.conf`. */
  readonly what: string;
  /** RFC 6901 pointer into config.json of the field that asked for it: `/mounts/3/source`. */
  readonly pointer?: string;
  /** Name of the errno that the kernel gave: `ENOENT`. */
  readonly errno?: string;
  /** Why, where `what` and `errno` do not say it: `source does not exist`. */
  readonly why?: string;
  /** What the reader can do about it. */
  readonly hint?: string;
}

export class RuntError extends Error {
  readonly record: ErrorRecord;

  constructor(record: ErrorRecord) {
    super(describe(record));
    this.record = record;
  }
}

/** One line without the hint: `/mounts/3: bind a on b: ENOENT: no such file or directory`. */
export function describe({ pointer, what, errno, why }: ErrorRecord): string {
  return [pointer, what, errno, why].filter((part) => part !== undefined && part !== "").join(": ");
}

/** A hook of config.json has failed, and with it the container (runtime.md, "Lifecycle"). */
export class HookError extends RuntError {}
