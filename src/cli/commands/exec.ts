// runt exec: one more process in a container. Its exit code is that of the process.

import { execInContainer } from "../../container/exec.ts";
import { readFile } from "../../kernel/file.ts";
import type { Invocation } from "../options.ts";
import type { Session } from "../session.ts";

export async function exec(
  { options, operands }: Invocation<"exec">,
  { store, warn }: Session,
): Promise<number> {
  const { process, cgroup, detach } = options;
  const pidFile = options["pid-file"];
  const consoleSocket = options["console-socket"];
  return execInContainer({
    store: store(),
    id: operands["container-id"],
    process: process ? readFile(process) : undefined,
    options: {
      args: operands.argument,
      tty: options.tty,
      cwd: options.cwd,
      env: options.env,
      user: options.user,
      additionalGids: options["additional-gids"],
      cap: options.cap,
      noNewPrivs: options["no-new-privs"],
      apparmor: options.apparmor,
      processLabel: options["process-label"],
    },
    detach,
    ...(pidFile && { pidFile }),
    ...(consoleSocket && { consoleSocket }),
    ...(options["pidfd-socket"] && { pidfdSocket: options["pidfd-socket"] }),
    preserveFds: options["preserve-fds"],
    cgroup,
    ignorePaused: options["ignore-paused"],
    warn,
  });
}
