// Where the state of containers is kept: from --root, the user and the environment to an absolute path. Pure, so
// that what `/` is can be decided, and tested, without looking at the disk.

import { RuntError } from "../error.ts";

export interface RootFacts {
  /** --root as given. */
  readonly option: string | undefined;
  readonly euid: number;
  /** $XDG_RUNTIME_DIR. Podman sets it to the empty string for root. */
  readonly runtimeDirectory: string | undefined;
  /** $USER */
  readonly user: string | undefined;
  readonly isInitialUserNamespace: () => boolean;
  readonly workingDirectory: () => string;
}

/** As in runc: root of a user namespace is an ordinary user, unless it was made for one who wants to be root. */
function hasRuntimeDirectory({ euid, runtimeDirectory, user, isInitialUserNamespace }: RootFacts): boolean {
  if (!runtimeDirectory) return false;
  return euid !== 0 || (user !== "root" && !isInitialUserNamespace());
}

/** @throws RuntError for `/` and for the empty path, below which each directory would be a container */
export function stateRoot(facts: RootFacts): string {
  const { option, runtimeDirectory, workingDirectory } = facts;
  if (option === undefined) {
    return hasRuntimeDirectory(facts) ? `${cleaned(runtimeDirectory ?? "")}/runt` : "/run/runt";
  }
  const path = option.startsWith("/") ? option : `${workingDirectory()}/${option}`;
  const root = cleaned(path);
  if (option !== "" && root !== "") return root;
  throw new RuntError({
    what: `Option --root argument should not be set to ${option === "" ? "an empty path" : "/"}`,
    hint: "name a directory that is only for runt, like /run/runt",
  });
}

/** The lexical form without `.`, `..` and a trailing slash, as Go's filepath.Abs makes it; empty for `/`. */
function cleaned(path: string): string {
  const kept: string[] = [];
  for (const part of path.split("/")) {
    if (part === "..") kept.pop();
    else if (part !== "" && part !== ".") kept.push(part);
  }
  return kept.map((part) => `/${part}`).join("");
}
