// What the stage itself does about namespaces: it joins those that need no privilege of the host, and unshares the
// cgroup namespace, which is rooted at the cgroup that the stage was started in.

import {
  AF_INET,
  CLONE_NEWCGROUP,
  IFF_UP,
  SIOCSIFFLAGS,
  SOCK_CLOEXEC,
  SOCK_DGRAM,
} from "../abi/constants.ts";
import { type Builder, data, inherited, type PartInputs } from "../program/builder.ts";
import { type Join, NAMESPACE_FLAG, type NamespacePlan } from "./plan.ts";

/** Name of the inherited descriptor of a namespace that the stage joins. */
export function joinName(join: Join): string {
  return `${join.type}ns`;
}

export function compileNamespaces(b: Builder, plan: NamespacePlan, joinedByStage: readonly Join[]): void {
  for (const join of joinedByStage) {
    b.from(join.pointer);
    b.call("setns", [inherited(joinName(join)), NAMESPACE_FLAG[join.type]]);
  }
  b.from("/linux/namespaces");
  if (plan.created.has("cgroup")) b.call("unshare", [CLONE_NEWCGROUP]);
  if (plan.created.has("network")) b.part("loopback", NOTHING, compileLoopback);
}

const NOTHING: PartInputs = { subject: null, detail: "", registers: [] };

/** netdevice(7): `struct ifreq` has the name first, and the flags behind its 16 bytes. */
function compileLoopback(b: Builder): void {
  const request = new Uint8Array(40);
  request.set([0x6c, 0x6f]); // "lo"
  request[16] = IFF_UP;
  b.scratch("socket", (socket) => {
    b.call("socket", [AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0], { into: socket });
    b.call("ioctl", [socket, SIOCSIFFLAGS, data(request, "ifreq")]);
    b.call("close", [socket]);
  });
}
