// From the options of `checkpoint` and `restore` to what CRIU is asked.

import { CLONE_NEWNET } from "../abi/constants.ts";
import { CGROUPS_MODE, type CriuOptions, NETWORK_LOCK, pageServer } from "../criu/messages.ts";
import { RuntError } from "../error.ts";
import { quote } from "../quote.ts";
import type { Invocation } from "./options.ts";

type Both = Invocation<"checkpoint">["options"] | Invocation<"restore">["options"];

/** Options that are true or false there too, under the name that has underscores. */
const FLAGS = [
  "leave-running",
  "tcp-established",
  "tcp-skip-in-flight",
  "tcp-close",
  "ext-unix-sk",
  "link-remap",
  "shell-job",
  "lazy-pages",
  "file-locks",
  "auto-dedup",
] as const;

export function criuOptions(options: Both): CriuOptions {
  const given: Readonly<Record<string, unknown>> = options;
  const flags = FLAGS.filter((name) => given[name] === true);
  const lock = options["network-lock"];
  return {
    ...Object.fromEntries(flags.map((name) => [name.replaceAll("-", "_"), true])),
    manage_cgroups: true,
    manage_cgroups_mode: CGROUPS_MODE[options["manage-cgroups-mode"] || "soft"],
    ...(lock && lock !== "iptables" && { network_lock: NETWORK_LOCK[lock] }),
    empty_ns: emptyNamespaces(options["empty-ns"]),
  };
}

function emptyNamespaces(names: readonly string[]): number | undefined {
  const unknown = names.find((name) => name !== "network");
  if (unknown !== undefined) {
    throw new RuntError({ what: `namespace ${quote(unknown)} is not supported`, hint: "--empty-ns network" });
  }
  return names.length > 0 ? CLONE_NEWNET : undefined;
}

/** @throws RuntError unless it is ADDRESS:PORT */
export function pageServerOf(text: string | undefined): string | undefined {
  if (text === undefined) return undefined;
  const colon = text.lastIndexOf(":");
  const [address, digits] = [text.slice(0, Math.max(0, colon)), text.slice(colon + 1)];
  const port = /^[0-9]{1,5}$/.test(digits) ? Number(digits) : 0;
  if (address !== "" && port > 0 && port < 65536) return pageServer(address, port);
  throw new RuntError({ what: `invalid page-server: ${quote(text)}`, hint: "expected ADDRESS:PORT" });
}
