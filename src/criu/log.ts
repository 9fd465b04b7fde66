// What CRIU's log says of a failure. CRIU names files and processes of the container in it: it is read as bytes, and
// shown with its control characters escaped.

/** The last ones, and not more than a message should hold. */
const SHOWN = 5;
const LENGTH = 300;
/** Of every log, and never why. */
const HARMLESS = ["RLIMIT_NOFILE", " FAILED."];

/** `mount: Mount 34 ./dev is unreachable`: errors, without the time and the place in CRIU's sources. */
export function errorsIn(log: string): readonly string[] {
  const found: string[] = [];
  for (const line of log.split("\n")) {
    const start = line.indexOf("Error (");
    const place = line.indexOf("): ", start);
    // The time and a pid, or nothing, and not the name of a file. `pie` is CRIU's code in a process that it restores.
    if (start < 0 || place < 0 || !isDigits(line.slice(0, start).replace(" pie: ", " "))) continue;
    const message = line.slice(place + 3).trim();
    if (!HARMLESS.some((words) => message.includes(words)) && !found.includes(message)) found.push(message);
  }
  return found.slice(-SHOWN).map(printable);
}

function isDigits(text: string): boolean {
  for (let at = 0; at < text.length; at++) if (!"0123456789(): .".includes(text.charAt(at))) return false;
  return true;
}

function printable(text: string): string {
  let out = "";
  for (let at = 0; at < text.length && at < LENGTH; at++) {
    const code = text.charCodeAt(at);
    out += code < 0x20 || code > 0x7e ? `\\x${code.toString(16).padStart(2, "0")}` : text.charAt(at);
  }
  return out;
}

/** What there is to do about errors that many meet. */
const HINTS: readonly (readonly [words: string, hint: string])[] = [
  ["iptables", "install iptables, or hold packets back in another way: --network-lock nftables"],
  [
    "lookup mount",
    "open files have to be in the container's own mounts: only standard streams may be outside",
  ],
  ["Connected TCP socket", "--tcp-established allows open TCP connections"],
  ["file locks", "--file-locks allows file locks"],
  ["External socket", "--ext-unix-sk allows unix sockets that lead out of the container"],
  ["Found dangling tty", "--shell-job allows a terminal that is the caller's"],
];

export function hintFor(errors: readonly string[]): string | undefined {
  return HINTS.find(([words]) => errors.some((error) => error.includes(words)))?.[1];
}
