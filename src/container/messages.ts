// The protocol between the stage and its parent, over one SOCK_SEQPACKET pair: what either may say, and when.
//
//     stage                          parent
//     (COPY FROM, COPY TO)* ───────▶ copies what a tmpfs is to cover: tmpcopyup
//           ◀──────────────────────  a byte for each pair
//     HOOKS? ──────────────────────▶ runs the hooks of the runtime's namespaces
//           ◀──────────────────────  a byte
//     HOOK (index)* ───────────────▶ makes its standard streams
//           ◀──────────────────────  a byte (three descriptors)
//     ENDED (status)* ─────────────▶ reads what the hook has printed
//     PASSWD (descriptor)? ────────▶ reads the container's /etc/passwd
//     CONSOLE (descriptor)? ───────▶ hands the terminal on
//     SECCOMP (number)? ───────────▶ fetches the descriptor of that number, and hands it to the agent
//     READY ───────────────────────▶ records the container: nothing follows but HOOK and FAILURE
//           ◀──────────────────────  GO (`HOME=...`, or nothing but a NUL)
//     (end of file: execve has closed the socket, or the container waits for `start`)
//
// The stage of `exec` ends outside of the container, and says PROCESS (pid) in place of READY: which process
// it has put there, and who waits for GO. Then only SECCOMP may follow, which another GO answers.
//
// At any point the stage may say FAILURE and end, or end without a word because something killed it.
// HOOK, ENDED and FAILURE go to `start` as well, which is connected to the stage while it executes.

/** First word of every message of the stage. FAILURE is known to native/stage/src/interpreter.rs. */
export const MESSAGE = {
  failure: 1,
  ready: 2,
  passwd: 3,
  console: 4,
  seccomp: 5,
  copyFrom: 6,
  copyTo: 7,
  hooks: 8,
  hook: 9,
  ended: 10,
  process: 11,
} as const;

/** In the place of the status of a hook; wait(2) gives no such one. */
export const TIMED_OUT = 0xffff_ffff;

export type Message =
  | { readonly kind: "failure"; readonly instruction: number; readonly errno: number }
  | { readonly kind: "ready" }
  | { readonly kind: "passwd"; readonly fd: number }
  | { readonly kind: "console"; readonly fd: number }
  | { readonly kind: "copyTo"; readonly fd: number }
  | { readonly kind: "copyFrom"; readonly fd: number; readonly mount: number }
  /** In the stage: to send the descriptor itself, it would need more than write(2) of what the profile allows. */
  | { readonly kind: "seccomp"; readonly number: number }
  | { readonly kind: "hooks" }
  | { readonly kind: "hook"; readonly index: number }
  /** As wait(2) gives it, or TIMED_OUT. */
  | { readonly kind: "ended"; readonly status: number }
  /** Not with a descriptor of it: how many of those are on their way is limited by what the container's user has sent. */
  | { readonly kind: "process"; readonly pid: number }
  | { readonly kind: "end" };

export type Kind = Message["kind"];
export type KindWithDescriptor = Extract<Message, { readonly fd: number }>["kind"];

/** Where a conversation is: at its start, or after a message. */
export type Point = "start" | Exclude<Kind, "failure" | "end">;

/** Which message may follow which. */
export const NEXT: Readonly<Record<Point, readonly Kind[]>> = {
  start: ["copyFrom", "hooks", "hook", "passwd", "console", "seccomp", "ready", "process", "failure", "end"],
  copyFrom: ["copyTo", "failure", "end"],
  copyTo: ["copyFrom", "hooks", "hook", "passwd", "console", "seccomp", "ready", "failure", "end"],
  hooks: ["hook", "passwd", "console", "seccomp", "ready", "failure", "end"],
  hook: ["ended", "failure", "end"],
  ended: ["hook", "passwd", "console", "seccomp", "ready", "failure", "end"],
  passwd: ["console", "seccomp", "ready", "process", "failure", "end"],
  console: ["seccomp", "ready", "process", "failure", "end"],
  seccomp: ["ready", "failure", "end"],
  ready: ["hook", "failure", "end"],
  process: ["seccomp", "failure", "end"],
};
