// Paths as config.json writes them, before anyone looks at a file system.

const SLASH = 0x2f;
const DOT = 0x2e;

/**
 * The lexical form of a path in the container, taken as relative to `/`: `/a/b` for `a/./c/..//b/`. undefined if
 * a `..` climbs above `/`: the kernel would stay at `/`, so such a path does not mean what it says.
 */
export function cleanInRoot(path: string): string | undefined {
  if (isClean(path)) return path;
  const kept: string[] = [];
  for (const part of path.split("/")) {
    if (part === "" || part === ".") continue;
    if (part !== "..") kept.push(part);
    else if (kept.pop() === undefined) return undefined;
  }
  return `/${kept.join("/")}`;
}

/** Nearly every path is: absolute, without `.`, `..` and double slashes. That of a hidden file is not recognized. */
export function isClean(path: string): boolean {
  if (path.charCodeAt(0) !== SLASH) return false;
  for (let at = path.length - 1, next = SLASH; at >= 0; at--) {
    const char = path.charCodeAt(at);
    if (char === SLASH && (next === SLASH || next === DOT) && path.length > 1) return false;
    next = char;
  }
  return true;
}
