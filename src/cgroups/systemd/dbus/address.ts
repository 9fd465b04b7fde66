// Addresses of D-Bus servers (D-Bus specification, "Server Addresses"): `unix:path=/run/x,guid=0123;unix:abstract=y`.

/**
 * The sockets of an address list, in its order. Those of other transports than unix are left out; an abstract name
 * begins with NUL, as in unix(7).
 */
export function parseAddresses(list: string): readonly string[] {
  return list.split(";").flatMap((address) => {
    const [transport, keys = ""] = splitOnce(address, ":");
    if (transport !== "unix") return [];
    for (const part of keys.split(",")) {
      const [key, escaped = ""] = splitOnce(part, "=");
      const value = unescapeValue(escaped);
      if (value === undefined || value === "" || value.includes("\0")) continue;
      if (key === "path") return [value];
      if (key === "abstract") return [`\0${value}`];
    }
    return [];
  });
}

/** An address of that path, in which everything that is not plain is escaped. */
export function pathAddress(path: string): string {
  const escaped = [...path].map((char) =>
    /[-0-9A-Za-z_/.\\*]/.test(char) ? char : `%${char.charCodeAt(0).toString(16).padStart(2, "0")}`,
  );
  return `unix:path=${escaped.join("")}`;
}

function splitOnce(text: string, separator: string): readonly [string, string?] {
  const at = text.indexOf(separator);
  return at < 0 ? [text] : [text.slice(0, at), text.slice(at + 1)];
}

/** undefined where `%` is not followed by two hexadecimal digits. */
function unescapeValue(text: string): string | undefined {
  if (/%(?![0-9a-fA-F]{2})/.test(text)) return undefined;
  return text.replace(/%([0-9a-fA-F]{2})/g, (_, digits) => String.fromCharCode(Number.parseInt(digits, 16)));
}
