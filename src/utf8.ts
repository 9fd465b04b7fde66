// Byte strings and UTF-8. Paths and annotations may hold any bytes; those who decode JSON (RFC 8259, 8.1) or D-Bus
// messages may not survive them.

const REPLACEMENT = "\\ufffd";

/**
 * JSON text in which each byte that is not part of valid UTF-8 has become the escape of U+FFFD. Outside of strings
 * JSON is ASCII, so the escape is always inside of one. Characters that are no bytes become escapes of themselves.
 */
export function validJson(json: string): string {
  let out = "";
  let copied = 0;
  for (let at = 0; at < json.length; ) {
    const length = sequenceLength(json, at);
    if (length > 0) {
      at += length;
      continue;
    }
    const code = json.charCodeAt(at);
    out += json.slice(copied, at) + (code > 0xff ? `\\u${code.toString(16).padStart(4, "0")}` : REPLACEMENT);
    at += 1;
    copied = at;
  }
  return copied === 0 ? json : out + json.slice(copied);
}

/** Whether all of the byte string is valid UTF-8. */
export function isUtf8(text: string): boolean {
  for (let at = 0; at < text.length; ) {
    const length = sequenceLength(text, at);
    if (length === 0) return false;
    at += length;
  }
  return true;
}

/** Number of bytes of the UTF-8 sequence that starts here, 0 if none does. Table 3-7 of the Unicode standard. */
function sequenceLength(text: string, at: number): number {
  const first = text.charCodeAt(at);
  if (first < 0x80) return 1;
  if (first < 0xc2 || first > 0xf4) return 0;
  const second = text.charCodeAt(at + 1);
  // Neither overlong forms nor surrogates nor what lies beyond U+10FFFF.
  const least = first === 0xe0 ? 0xa0 : first === 0xf0 ? 0x90 : 0x80;
  const most = first === 0xed ? 0x9f : first === 0xf4 ? 0x8f : 0xbf;
  if (!(second >= least && second <= most)) return 0;
  if (first < 0xe0) return 2;
  if (!isContinuation(text, at + 2)) return 0;
  if (first < 0xf0) return 3;
  return isContinuation(text, at + 3) ? 4 : 0;
}

function isContinuation(text: string, at: number): boolean {
  const code = text.charCodeAt(at);
  return code >= 0x80 && code <= 0xbf;
}
