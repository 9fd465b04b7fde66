// `process.terminal`: a pseudoterminal of the container's own devpts. Its master goes to the parent by descriptor; its
// slave becomes the standard streams, the controlling terminal and /dev/console. The slave comes from TIOCGPTPEER and
// not from a name, which the image could have put there (CVE-2025-52565).

import {
  AT_EMPTY_PATH,
  DEVPTS_SUPER_MAGIC,
  O_CLOEXEC,
  O_DIRECTORY,
  O_NOCTTY,
  O_NOFOLLOW,
  O_RDWR,
  S_IFREG,
  TIOCGPTPEER,
  TIOCSCTTY,
  TIOCSPTLCK,
  TIOCSWINSZ,
} from "../abi/constants.ts";
import { EEXIST, ENODEV } from "../abi/errno.ts";
import { words } from "../abi/structs.ts";
import { STATFS_BUFFER } from "../program/buffers.ts";
import { type Builder, data, field, tolerate } from "../program/builder.ts";
import type { Register } from "../program/instruction.ts";
import { containerPath } from "../rootfs/path.ts";
import { openInRoot } from "../rootfs/resolve.ts";
import { how } from "../rootfs/structures.ts";
import { attach, cloneTree } from "../rootfs/tree.ts";
import type { Process } from "../spec/types.ts";

/** Opens the pair, binds the slave to /dev/console, and leaves both in their registers. */
export function compileOpenTerminal(
  b: Builder,
  root: Register,
  process: Process,
  master: Register,
  slave: Register,
): void {
  compileOpenPair(b, root, process, master, slave);
  bindConsole(b, root, slave);
}

/** The same without /dev/console, which is the terminal of the container's first process. */
export function compileOpenPair(
  b: Builder,
  root: Register,
  process: Process,
  master: Register,
  slave: Register,
): void {
  b.from("/process/terminal");
  const isDevpts = b.label();
  b.scratch("pts", (pts) => {
    openInRoot(b, root, containerPath("/dev/pts"), pts, { flags: O_DIRECTORY, noSymlinks: true });
    b.call("fstatfs", [pts, STATFS_BUFFER]);
    b.scratch("type", (type) => {
      b.peek(type, field(STATFS_BUFFER, 0), 8);
      b.jumpIf(type, "==", DEVPTS_SUPER_MAGIC, isDevpts);
    });
    b.fail(ENODEV, "/dev/pts of the container is not a devpts");
    b.place(isDevpts);
    b.call("openat2", [pts, "ptmx", how(O_RDWR | O_NOCTTY, true), 24], { into: master });
    b.call("close", [pts]);
  });
  b.call("ioctl", [master, TIOCSPTLCK, data(words(0), "int")]);
  b.call("ioctl", [master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC], { into: slave });
  if (process.consoleSize !== undefined) {
    const { height, width } = process.consoleSize;
    b.from("/process/consoleSize");
    b.call("ioctl", [slave, TIOCSWINSZ, data(words(height | (width << 16), 0), "winsize")]);
    b.from("/process/terminal");
  }
  b.call("fchown", [slave, process.user.uid, -1]);
}

function bindConsole(b: Builder, root: Register, slave: Register): void {
  b.scratch("dev", (dev) => {
    openInRoot(b, root, containerPath("/dev"), dev, { flags: O_DIRECTORY, noSymlinks: true });
    b.call("mknodat", [dev, "console", S_IFREG | 0o620], { on: tolerate(EEXIST) });
    b.call("close", [dev]);
  });
  b.scratch("console", (tree) => {
    cloneTree(b, slave, "", AT_EMPTY_PATH, tree);
    b.scratch("target", (target) => {
      openInRoot(b, root, containerPath("/dev/console"), target, { flags: O_NOFOLLOW, noSymlinks: true });
      attach(b, tree, target);
    });
  });
}

/** After setsid(2), which a controlling terminal needs. */
export function compileTakeTerminal(b: Builder, slave: Register): void {
  b.from("/process/terminal");
  b.call("ioctl", [slave, TIOCSCTTY, 0]);
  for (const fd of [0, 1, 2]) b.call("dup3", [slave, fd]);
  b.call("close", [slave]);
}
