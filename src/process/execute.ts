// `process.args`: finding the executable as execvp(3) does, with the container's PATH, in the container, as its user;
// and the execve that ends the program.

import { AT_EACCESS, AT_FDCWD, S_IFDIR, S_IFMT, X_OK } from "../abi/constants.ts";
import { EACCES, EISDIR, ELOOP, ENAMETOOLONG, ENOENT, ENOTDIR } from "../abi/errno.ts";
import { STAT } from "../abi/structs.ts";
import { STAT_BUFFER } from "../program/buffers.ts";
import { type Builder, branch, field, pointerArray, text } from "../program/builder.ts";
import type { Data, Label, Register } from "../program/instruction.ts";
import { environmentValue } from "./environment.ts";

/** Where Go's exec.LookPath, and so runc, finds nothing either. */
const NO_PATH = "";

/** `into` = address of the path to execute. Fails in words that engines know, since Docker's 126 and 127 hang on it. */
export function compileLookup(
  b: Builder,
  args: readonly string[],
  env: readonly string[],
  into: Register,
): void {
  b.from("/process/args/0");
  const [name] = args;
  if (name === undefined) {
    // Without a process there is nothing to find, and `start` fails.
    b.set(into, text(""));
    return;
  }
  if (name.includes("/")) {
    compileGivenPath(b, name, into);
    return;
  }
  const found = b.label();
  const path = environmentValue(env, "PATH") ?? NO_PATH;
  const directories = path === "" ? [] : path.split(":");
  b.scratch("denied", (denied) => {
    b.set(denied, 0);
    for (const directory of directories) {
      compileCandidate(b, `${directory === "" ? "." : directory}/${name}`, into, denied, found);
    }
    const missing = b.label();
    b.jumpIf(denied, "==", 0, missing);
    b.fail(EACCES, `exec: "${name}": permission denied`);
    b.place(missing);
    b.fail(ENOENT, `exec: "${name}": executable file not found in $PATH`);
  });
  b.place(found);
}

function compileGivenPath(b: Builder, path: string, into: Register): void {
  const denied = b.label();
  const directory = b.label();
  const missing = b.label();
  const loop = b.label();
  const good = b.label();
  b.set(into, text(path));
  compileStat(b, path, { directory, missing, denied, loop });
  b.call("faccessat2", [AT_FDCWD, path, X_OK, AT_EACCESS], { on: [branch(EACCES, denied)] });
  b.jump(good);
  b.place(denied);
  b.fail(EACCES, `exec: "${path}": permission denied`);
  b.place(directory);
  b.fail(EISDIR, `exec: "${path}": is a directory: permission denied`);
  b.place(missing);
  b.fail(ENOENT, `exec: "${path}": stat ${path}: no such file or directory`);
  b.place(loop);
  b.fail(ELOOP, `exec: "${path}": stat ${path}: too many levels of symbolic links`);
  b.place(good);
}

/** A directory, or a file that may not be executed, is passed over, but remembered. */
function compileCandidate(b: Builder, path: string, into: Register, denied: Register, found: Label): void {
  const next = b.label();
  const refused = b.label();
  b.set(into, text(path));
  // A whole command line that somebody has quoted is too long a name.
  compileStat(b, path, { directory: refused, missing: next, denied: refused, loop: next, tooLong: next });
  b.call("faccessat2", [AT_FDCWD, path, X_OK, AT_EACCESS], { on: [branch("any", refused)] });
  b.jump(found);
  b.place(refused);
  b.set(denied, 1);
  b.place(next);
}

interface Outcomes {
  readonly directory: Label;
  readonly missing: Label;
  readonly denied: Label;
  readonly loop: Label;
  /** Where absent, it is an error like others. */
  readonly tooLong?: Label;
}

/** Goes on where `path` is something that is not a directory. */
function compileStat(
  b: Builder,
  path: string,
  { directory, missing, denied, loop, tooLong }: Outcomes,
): void {
  const on = [branch(ENOENT, missing), branch(ENOTDIR, missing), branch(EACCES, denied), branch(ELOOP, loop)];
  if (tooLong !== undefined) on.push(branch(ENAMETOOLONG, tooLong));
  b.call("newfstatat", [AT_FDCWD, path, STAT_BUFFER, 0], { on });
  b.scratch("type", (type) => {
    b.peek(type, field(STAT_BUFFER, STAT.mode), 4, S_IFMT);
    b.jumpIf(type, "==", S_IFDIR, directory);
  });
}

export function compileExecve(b: Builder, path: Register, args: readonly string[], environment: Data): void {
  b.from("/process/args");
  b.call("execve", [path, pointerArray(args.map(text)), environment]);
}
