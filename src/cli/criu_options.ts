// The options of `checkpoint` and `restore` that are CRIU's own.

/** Of both. */
const BOTH = [
  {
    name: "image-path",
    kind: "text",
    argument: "DIR",
    initial: "checkpoint",
    description: "directory of the image files",
  },
  {
    name: "work-path",
    kind: "text",
    argument: "DIR",
    description: "directory for CRIU's log and statistics (default: that of the image files)",
  },
  { name: "tcp-established", kind: "flag", description: "allow open TCP connections" },
  { name: "ext-unix-sk", kind: "flag", description: "allow unix sockets that lead out of the container" },
  { name: "shell-job", kind: "flag", description: "allow a terminal that is the caller's" },
  { name: "lazy-pages", kind: "flag", description: "move memory on demand, by a page server" },
  { name: "file-locks", kind: "flag", description: "allow file locks" },
  {
    name: "manage-cgroups-mode",
    kind: "text",
    argument: "MODE",
    choices: ["soft", "full", "strict", "ignore", ""],
    initial: "soft",
    description: "what CRIU does with cgroups",
  },
  {
    name: "empty-ns",
    kind: "text",
    argument: "NAMESPACE",
    many: true,
    description: "leave out what is in a namespace: network",
  },
  { name: "auto-dedup", kind: "flag", description: "keep each page of memory once among images" },
  {
    name: "network-lock",
    kind: "text",
    argument: "METHOD",
    choices: ["iptables", "nftables", "skip", ""],
    initial: "iptables",
    description: "how CRIU holds packets back",
  },
] as const;

export const CHECKPOINT = [
  ...BOTH,
  {
    name: "parent-path",
    kind: "text",
    argument: "DIR",
    description: "earlier images of this container, relative to --image-path",
  },
  { name: "leave-running", kind: "flag", description: "let the container go on" },
  { name: "tcp-skip-in-flight", kind: "flag", description: "leave out TCP connections not yet accepted" },
  { name: "link-remap", kind: "flag", description: "link open files without a name to one" },
  {
    name: "status-fd",
    kind: "number",
    argument: "FD",
    initial: -1,
    description: "descriptor to write a NUL to when the page server is ready",
  },
  { name: "page-server", kind: "text", argument: "ADDRESS:PORT", description: "page server for the memory" },
  { name: "pre-dump", kind: "flag", description: "dump only the memory, and let the container go on" },
] as const;

export const RESTORE = [
  ...BOTH,
  { name: "parent-path", kind: "text", argument: "DIR", description: "ignored: the images name it" },
  { name: "no-pivot", kind: "flag", description: "ignored: CRIU makes the root" },
  {
    name: "preserve-fds",
    kind: "number",
    argument: "N",
    initial: 0,
    description: "ignored: the images say what is open",
  },
  { name: "tcp-close", kind: "flag", description: "restore TCP connections closed" },
  { name: "lsm-profile", kind: "text", argument: "TYPE:NAME", description: "apparmor:NAME or selinux:LABEL" },
  {
    name: "lsm-mount-context",
    kind: "text",
    argument: "CONTEXT",
    description: "SELinux context of the mounts, in place of the one they had",
  },
] as const;
