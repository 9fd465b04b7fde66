// The answer that a container's process waits for before its execve: the variable HOME, where config.json has none.

import { S_IFMT, S_IFREG } from "../abi/constants.ts";
import { getLong, getWord, STAT } from "../abi/structs.ts";
import type { Fd } from "../kernel/call.ts";
import { readAll, stat } from "../kernel/file.ts";
import { environmentValue, HOME_SIZE, homeDirectory } from "../process/environment.ts";
import type { Process } from "../spec/types.ts";

/** Longest /etc/passwd of an image that is looked at. */
const PASSWD_LIMIT = 1 << 20;

export function hasHome({ env = [] }: Process): boolean {
  return environmentValue(env, "HOME") !== undefined;
}

export function answerWith(home: string, process: Process): string {
  return hasHome(process) ? "\0" : `HOME=${home}\0`;
}

/** From a file of the image: nothing but a regular file of a sane size is read. */
export function readHome(passwd: Fd, uid: number): string {
  const status = stat(passwd, "/etc/passwd of the container");
  const isFile = (getWord(status, STAT.mode) & S_IFMT) === S_IFREG;
  if (!isFile || getLong(status, STAT.length) > PASSWD_LIMIT) return "/";
  const home = homeDirectory(readAll(passwd, "/etc/passwd of the container", PASSWD_LIMIT), uid);
  return home.length + "HOME=".length < HOME_SIZE ? home : "/";
}
