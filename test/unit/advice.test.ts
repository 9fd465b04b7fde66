// Which hint follows from what has failed and from what the host's sysctls say.

import { expect, test } from "vitest";
import { adviceOn, type Situation } from "../../src/container/advice.ts";
import { CANNOT_CLONE } from "../../src/container/spawn.ts";
import type { ErrorRecord } from "../../src/error.ts";
import { planNamespaces } from "../../src/namespaces/plan.ts";

const MOUNTS = ["proc", "sysfs", "mqueue", "tmpfs"].map((type) => ({ destination: `/${type}`, type }));

/** An ordinary user, and a container with a user namespace only. */
function advice(
  record: Partial<ErrorRecord>,
  sysctls: Readonly<Record<string, string>> = {},
  situation: Partial<Situation> = {},
): string | undefined {
  return adviceOn(
    { what: "mount", errno: "EPERM", ...record },
    {
      namespaces: planNamespaces([{ type: "user" }]),
      mounts: MOUNTS,
      isUser: true,
      read: (name) => sysctls[name],
      ...situation,
    },
  );
}

const CLONE = { what: CANNOT_CLONE };
const APPARMOR = { "kernel/apparmor_restrict_unprivileged_userns": "1" };

test.each<[string, Partial<ErrorRecord>, Readonly<Record<string, string>>, RegExp]>([
  [
    "no namespaces at all",
    { ...CLONE, errno: "ENOSPC" },
    { "user/max_user_namespaces": "0" },
    /max_user_namespaces=/,
  ],
  [
    "too many",
    { ...CLONE, errno: "EUSERS" },
    { "user/max_user_namespaces": "9" },
    /max_user_namespaces is 9/,
  ],
  ["Debian's sysctl", CLONE, { "kernel/unprivileged_userns_clone": "0" }, /unprivileged_userns_clone=1$/],
  ["AppArmor, at once", { ...CLONE, errno: "EACCES" }, APPARMOR, /AppArmor .*userns=0$/],
  ["AppArmor, later", { what: "sethostname", pointer: "/hostname" }, APPARMOR, /AppArmor/],
  [
    "a cgroup of others",
    { ...CLONE, errno: "EACCES" },
    { "kernel/unprivileged_userns_clone": "1" },
    /delegated/,
  ],
  ["something else", CLONE, {}, /chroot/],
  [
    "proc of other pids",
    { pointer: "/mounts/0" },
    {},
    /proc needs the pid namespace to be the container's own$/,
  ],
  [
    "sysfs of another network",
    { pointer: "/mounts/1" },
    {},
    /sysfs needs the network namespace .*the option ro/,
  ],
  ["mqueue of another ipc", { pointer: "/mounts/2" }, {}, /mqueue needs the ipc namespace/],
])("%s", (_, record, sysctls, hint) => {
  expect(advice(record, sysctls)).toMatch(hint);
});

test("a procfs that is covered", () => {
  const namespaces = planNamespaces([{ type: "user" }, { type: "pid" }]);
  expect(advice({ pointer: "/mounts/0" }, {}, { namespaces })).toMatch(/covers a part of the host's \/proc/);
});

test("the host's sysctls are not to blame for root", () => {
  expect(advice({ pointer: "/hostname" }, APPARMOR, { isUser: false })).toBeUndefined();
});

test.each<[string, Partial<ErrorRecord>]>([
  ["another errno", { ...CLONE, errno: "EAGAIN" }],
  ["no errno", { errno: "" }],
  ["another mount", { pointer: "/mounts/3" }],
  ["a mount that is not there", { pointer: "/mounts/9" }],
])("nothing is said of %s", (_, record) => {
  expect(advice(record)).toBeUndefined();
});
