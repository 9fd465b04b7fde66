// What a case of the matrix is: a script that uses an engine as a person does, and what has to be seen.

export interface Case {
  readonly name: string;
  /** Of bash, with the names of PRELUDE. It has to end with success, unless `sees` has what `status` prints. */
  readonly script: string;
  /** Standard output, without white space around it. */
  readonly sees: string | RegExp;
  /** It looks at all of the machine, or takes all of it: nothing else runs at the same time. */
  readonly alone?: true;
  /** Its deadline, where 5 are too few. */
  readonly minutes?: number;
  /** Engines that have nothing like it, though others with the same table do. */
  readonly except?: readonly string[];
}

/** How a runtime did in a case. */
export interface Outcome {
  readonly engine: string;
  readonly name: string;
  readonly runtime: string;
  readonly passed: boolean;
  readonly seconds: number;
  /** What was seen where it failed. */
  readonly detail?: string;
}

/** A script, in which a backslash is one. */
export const sh = String.raw;

/**
 * What scripts begin with. `$E` is the engine's command, `$R` the same with `run`, without a network, which takes most of
 * the time where it is not the matter; `$I` is the image, a busybox; `$N` is a name that is this case's alone, for
 * containers that are removed when it has ended.
 */
export const PRELUDE = sh`
set -eu
# The status of a command that is expected to fail.
status() { local s=0; "$@" > /dev/null 2>&1 || s=$?; echo $s; }
# Waits until a command succeeds: for what nothing announces.
until_ok() { local n; for n in {1..150}; do "$@" > /dev/null 2>&1 && return; sleep 0.2; done; echo "never: $*" >&2; return 1; }
is() { local want="$1"; shift; [ "$("$@" 2> /dev/null)" = "$want" ]; }
# In a terminal, whose end of input is seen as ^@ where it is echoed.
tty_of() { ( set -o pipefail; script --quiet --return --command "$*" /dev/null < /dev/null | tr -d '\r' | sed 's/^^@//' ); }
`;
