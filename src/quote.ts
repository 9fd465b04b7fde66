// Byte strings as printable ASCII: what config.json says must not bring its control characters to a terminal or its
// broken UTF-8 into a JSON log.

/** `"name"` with C-style escapes for everything that is not printable ASCII, cut after about `limit` characters. */
export function quote(text: string, limit = Number.POSITIVE_INFINITY): string {
  let out = "";
  for (let at = 0; at < text.length; at++) {
    if (out.length >= limit) return `"${out}..."`;
    const char = text.charAt(at);
    const code = text.charCodeAt(at);
    if (char === "\n") out += "\\n";
    else if (char === '"' || char === "\\") out += `\\${char}`;
    else if (code < 0x20 || code > 0x7e) out += `\\x${code.toString(16).padStart(2, "0")}`;
    else out += char;
  }
  return `"${out}"`;
}
