// `linux.netDevices`: devices of the host's network namespace move to the container's, with their permanent global
// addresses, and are set up there. What fails later moves them back: with the namespace the kernel would destroy those
// that are virtual.

import { CLONE_NEWNET, IFF_UP, O_RDONLY } from "../abi/constants.ts";
import { EEXIST, ENODEV, errnoName } from "../abi/errno.ts";
import {
  type Address,
  addressOn,
  decodeAddress,
  decodeLink,
  IFLA_IFNAME,
  IFLA_NET_NS_FD,
  type Link,
  linkHeader,
  NLM_F_CREATE,
  NLM_F_DUMP,
  NLM_F_EXCL,
  RTM_GETADDR,
  RTM_GETLINK,
  RTM_NEWADDR,
  RTM_NEWLINK,
  text,
  word,
} from "../abi/rtnetlink.ts";
import { RuntError } from "../error.ts";
import { attempt, type Context, call, type Fd, failure } from "../kernel/call.ts";
import { open } from "../kernel/file.ts";
import { ask, openRtnetlink } from "../kernel/rtnetlink.ts";
import { join } from "../spec/check.ts";
import type { Prepared } from "./prepare.ts";
import type { Undo } from "./undo.ts";

/** A network namespace, and a socket in it. */
interface Network {
  readonly namespace: Fd;
  readonly socket: Fd;
}

/** @param pid of the container's process, which has done nothing yet */
export function moveDevices({ spec, joins }: Prepared, pid: number, undo: Undo): void {
  const devices = Object.entries(spec.linux?.netDevices ?? {});
  if (devices.length === 0) return;
  const own = { namespace: open("/proc/self/ns/net", O_RDONLY), socket: openRtnetlink() };
  // The descriptor of one that is joined is the stage's by now, which has not entered yet.
  const joined = joins.opened.find(({ type }) => type === "network");
  const theirs = enter(open(joined?.path ?? `/proc/${pid}/ns/net`, O_RDONLY), own.namespace);
  for (const [hostName, { name = hostName }] of devices) {
    const context = {
      what: `move the network device ${hostName}`,
      pointer: join("/linux/netDevices", hostName),
    };
    const link = find(own, hostName, context);
    if (link === undefined) throw failure(context, ENODEV);
    const back = { from: theirs, to: own, name: hostName, isUp: (link.flags & IFF_UP) !== 0, context };
    move({ from: own, to: theirs, name, isUp: true, context }, link.index, (index) => {
      undo.push(() => move(back, index));
    });
  }
}

/** A socket belongs to the namespace that it was made in. */
function enter(namespace: Fd, own: Fd): Network {
  call("enter the container's network namespace", "setns", namespace, CLONE_NEWNET);
  try {
    return { namespace, socket: openRtnetlink() };
  } finally {
    call("return from the container's network namespace", "setns", own, CLONE_NEWNET);
  }
}

function find({ socket }: Network, name: string, context: Context): Link | undefined {
  try {
    const answers = ask(socket, context, RTM_GETLINK, 0, linkHeader(0), [text(IFLA_IFNAME, name)]);
    return answers.map(decodeLink)[0];
  } catch (error) {
    if (error instanceof RuntError && error.record.errno === errnoName(ENODEV)) return undefined;
    throw error;
  }
}

interface Move {
  readonly from: Network;
  readonly to: Network;
  readonly name: string;
  /** What it shall be there. */
  readonly isUp: boolean;
  readonly context: Context;
}

/** @param whenMoved hears the index that the device has there, before anything else can fail */
function move(
  { from, to, name, isUp, context }: Move,
  index: number,
  whenMoved: (index: number) => void = () => {},
): void {
  const isTemplate = name.includes("%");
  if (!isTemplate && find(to, name, context) !== undefined) {
    throw failure({ ...context, what: `${context.what} to where there is a ${name}` }, EEXIST);
  }
  const addresses = addressesOf(from, index, context);
  // What becomes of a template the kernel decides: until it can be asked, the name is one of our own.
  const first = isTemplate ? `runt${attempt("getpid")}` : name;
  const target = [text(IFLA_IFNAME, first), word(IFLA_NET_NS_FD, to.namespace)];
  // The kernel takes it down, and its addresses away.
  setLink(from, context, linkHeader(index), target);
  const there = find(to, first, context)?.index;
  if (there === undefined) throw failure(context, ENODEV);
  whenMoved(there);
  if (isTemplate) setLink(to, context, linkHeader(there), [text(IFLA_IFNAME, name)]);
  for (const address of addresses) {
    const flags = NLM_F_CREATE | NLM_F_EXCL;
    ask(to.socket, context, RTM_NEWADDR, flags, addressOn(there, address), address.attributes);
  }
  if (isUp) setLink(to, context, linkHeader(there, IFF_UP, IFF_UP));
}

function setLink(
  { socket }: Network,
  context: Context,
  header: Uint8Array,
  attributes: Parameters<typeof ask>[5] = [],
) {
  ask(socket, context, RTM_NEWLINK, 0, header, attributes);
}

function addressesOf({ socket }: Network, index: number, context: Context): readonly Address[] {
  const all = ask(socket, context, RTM_GETADDR, NLM_F_DUMP, new Uint8Array(8)).map(decodeAddress);
  return all.filter((address) => address.index === index && address.isGlobal && address.isPermanent);
}
