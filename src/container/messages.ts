// The protocol between the stage and its parent, over one SOCK_SEQPACKET pair: what either may say, and when.
//
//     stage                          parent
//     PASSWD (descriptor)? ────────▶ reads the container's /etc/passwd
//     CONSOLE (descriptor)? ───────▶ hands the terminal on
//     READY ───────────────────────▶ records the container: nothing follows but FAILURE
//           ◀──────────────────────  GO (`HOME=...`, or nothing but a NUL)
//     (end of file: execve has closed the socket, or the container waits for `start`)
//
// At any point the stage may say FAILURE and end, or end without a word because something killed it.
// The same FAILURE goes to `start`, which is connected to the stage while it executes.

/** First word of every message of the stage. FAILURE is known to native/stage/src/program.rs. */
export const MESSAGE = { failure: 1, ready: 2, passwd: 3, console: 4 } as const;

export type Message =
  | { readonly kind: "failure"; readonly instruction: number; readonly errno: number }
  | { readonly kind: "ready" }
  | { readonly kind: "passwd"; readonly fd: number }
  | { readonly kind: "console"; readonly fd: number }
  | { readonly kind: "end" };

export type Kind = Message["kind"];

/** Which message may follow which. */
export const NEXT: Readonly<Record<"start" | Exclude<Kind, "failure" | "end">, readonly Kind[]>> = {
  start: ["passwd", "console", "ready", "failure", "end"],
  passwd: ["console", "ready", "failure", "end"],
  console: ["ready", "failure", "end"],
  ready: ["failure", "end"],
};
