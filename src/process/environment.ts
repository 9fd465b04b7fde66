// `process.env`, and the one variable that every runtime adds: HOME.

/** Longest HOME that is taken from the container's /etc/passwd. */
export const HOME_SIZE = 4096;

export function environmentValue(env: readonly string[], name: string): string | undefined {
  const prefix = `${name}=`;
  return env.findLast((entry) => entry.startsWith(prefix))?.slice(prefix.length);
}

/** The last of several entries with one name counts; the order is kept. */
export function withoutDuplicates(env: readonly string[]): readonly string[] {
  const last = new Map<string, number>();
  const names = env.map((entry) => entry.slice(0, entry.indexOf("=")));
  names.forEach((name, index) => {
    last.set(name, index);
  });
  return last.size === env.length ? env : env.filter((_, index) => last.get(names[index] ?? "") === index);
}

/**
 * The home directory of `uid` according to a passwd(5) file, `/` if it has none. The file is the container's: it is
 * only ever split, and numbers are compared as the decimal digits that they must be.
 */
export function homeDirectory(passwd: string, uid: number): string {
  const wanted = String(uid);
  for (const line of passwd.split("\n")) {
    const fields = line.split(":");
    const home = fields[5];
    if (fields[2] === wanted && home !== undefined && home !== "") return home;
  }
  return "/";
}
