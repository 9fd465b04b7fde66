// The statistics of a cgroup, and what tells that they may have changed.

import { decode } from "runt:host";
import { O_CLOEXEC, O_DIRECTORY, O_RDONLY } from "../../abi/constants.ts";
import { ENODEV, ENOENT, EOPNOTSUPP } from "../../abi/errno.ts";
import { attempt, type Fd, failure } from "../../kernel/call.ts";
import { close, list, openIfExists, using } from "../../kernel/file.ts";
import { parseStats, type Stats } from "./parse.ts";

const CHUNK = 4096;

/** undefined if the cgroup is gone. */
export function readStats(path: string): Stats | undefined {
  const directory = openIfExists(path, O_RDONLY | O_DIRECTORY);
  if (directory === undefined) return undefined;
  return using(directory, () => {
    const sizes = list(directory).flatMap(pageSizeOf);
    return parseStats((name) => readCounter(name, directory), sizes.toSorted());
  });
}

/** `2MB` of `hugetlb.2MB.current`. */
function pageSizeOf(name: string): readonly string[] {
  const [controller, size, file, more] = name.split(".");
  const isSize = controller === "hugetlb" && file === "current" && more === undefined;
  return isSize && size !== undefined ? [size] : [];
}

/** undefined too where the kernel does not count: the pressure of one that was started without `psi=1`. */
function readCounter(name: string, directory: Fd): string | undefined {
  const fd = attempt("openat", directory, name, O_RDONLY | O_CLOEXEC, 0);
  if (fd === -ENOENT || fd === -EOPNOTSUPP || fd === -ENODEV) return undefined;
  if (fd < 0) throw failure(`open ${name}`, -fd);
  const buffer = new Uint8Array(CHUNK);
  let text = "";
  for (;;) {
    const length = attempt("read", fd, buffer, buffer.length);
    if (length > 0) {
      text += decode(buffer, 0, length);
      continue;
    }
    close(fd as Fd);
    if (length === 0) return text;
    if (length === -EOPNOTSUPP || length === -ENODEV) return undefined;
    throw failure(`read ${name}`, -length);
  }
}
