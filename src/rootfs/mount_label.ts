// `linux.mountLabel`: the label that SELinux gives all files of the container's new filesystems, by the option `context`
// of each. Those of the kernel have labels of their own; the one of mqueue is an attribute of its root.

import { O_DIRECTORY, O_RDONLY } from "../abi/constants.ts";
import { type Builder, text } from "../program/builder.ts";
import type { Register } from "../program/instruction.ts";
import type { MountOptions } from "./mount_options.ts";
import { how } from "./structures.ts";

const SELF_LABELLED: readonly string[] = ["proc", "sysfs", "mqueue", "cgroup", "cgroup2"];
const CONTEXTS: readonly string[] = ["context=", "fscontext=", "defcontext=", "rootcontext="];

/** @param label empty where there is none */
export function withLabel(options: MountOptions, type: string | undefined, label: string): MountOptions {
  if (label === "" || options.remount || SELF_LABELLED.includes(type ?? "")) return options;
  const given = options.data.some(isContext);
  // In quotes, since mount(2) has commas between options, and labels have commas too.
  return given ? options : { ...options, data: [...options.data, `context="${label}"`] };
}

/** What is behind the `=`, for fsconfig(2), which takes the quotes of a label for a part of it. */
export function optionValue(option: string, equals: number): string {
  const isQuoted = option[equals + 1] === '"' && option.endsWith('"') && isContext(option);
  return isQuoted ? option.slice(equals + 2, -1) : option.slice(equals + 1);
}

function isContext(option: string): boolean {
  return CONTEXTS.some((name) => option.startsWith(name));
}

export function compileRootLabel(b: Builder, mount: Register, type: string | undefined, label: string): void {
  if (label === "" || type !== "mqueue") return;
  b.scratch("directory", (directory) => {
    b.call("openat2", [mount, ".", how(O_RDONLY | O_DIRECTORY, true), 24], { into: directory });
    b.call("fsetxattr", [directory, "security.selinux", text(label), label.length + 1, 0]);
    b.call("close", [directory]);
  });
}
