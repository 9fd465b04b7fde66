// Paths as config.json writes them, before anyone looks at a file system.

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
  if (path.includes("//") || path.includes("/.") || !path.startsWith("/")) return false;
  return path === "/" || !path.endsWith("/");
}
