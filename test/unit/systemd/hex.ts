// Bytes as text that a test can show: pairs of hexadecimal digits, and `'abc'` for ASCII.

export function bytesOf(text: string): Uint8Array {
  const parts = text.match(/'[^']*'|[0-9a-f]{2}/g) ?? [];
  return Uint8Array.from(
    parts.flatMap((part) =>
      part.startsWith("'")
        ? [...part.slice(1, -1)].map((char) => char.charCodeAt(0))
        : [Number.parseInt(part, 16)],
    ),
  );
}

export function hexOf(bytes: Uint8Array): string {
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join(" ");
}

export function byteString(text: string): string {
  return Buffer.from(text, "utf8").toString("latin1");
}
