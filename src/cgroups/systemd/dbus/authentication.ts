// The conversation before the first message (D-Bus specification, "Authentication Protocol"). We claim no identity: the
// server takes that of the socket's credentials. A uid of ours would be another one outside of our user namespace.

import { RuntError } from "../../../error.ts";
import { quote } from "../../../quote.ts";

/** All that we say, at once: a server answers each line. Messages follow when its answers are there. */
export const AUTHENTICATION = "\0AUTH EXTERNAL\r\nDATA\r\nBEGIN\r\n";

/** The challenge, which is empty, and the acceptance with the server's id. */
const ANSWERS = [/^DATA *$/, /^OK [0-9a-fA-F]{32}$/];
const MAX_LENGTH = 1024;

/**
 * Number of bytes that the server's answers take; undefined if they are not complete yet.
 * @throws RuntError if it does not let us in
 */
export function authenticated(text: string): number | undefined {
  let at = 0;
  for (const expected of ANSWERS) {
    const end = text.indexOf("\r\n", at);
    if (end < 0) {
      if (text.length - at > MAX_LENGTH) throw refused("its answer does not end");
      return undefined;
    }
    const line = text.slice(at, end);
    if (!expected.test(line)) throw refused(`it answers ${quote(line, 200)}`);
    at = end + 2;
  }
  return at;
}

function refused(why: string): RuntError {
  return new RuntError({
    what: "authenticate to D-Bus",
    why,
    hint: "the bus may belong to another user: see DBUS_SESSION_BUS_ADDRESS and XDG_RUNTIME_DIR",
  });
}
