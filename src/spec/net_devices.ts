// config-linux.md#network-devices: names as dev_valid_name and dev_alloc_name of the kernel want them.

import { type Check, mapOf, object, reject, textThat, unlessEmpty } from "./check.ts";
import { quote } from "./found.ts";
import type { LinuxNetDevice, StringMap } from "./types.ts";

const NAME = "a network device name (1 to 15 bytes, no slash, colon or space, not . or ..)";

function isDeviceName(name: string): boolean {
  return name.length > 0 && name.length <= 15 && name !== "." && name !== ".." && !/[/:\s]/.test(name);
}

/** A name, or a template in which the kernel replaces `%d`; it accepts no other percent sign. */
function isNameOrTemplate(name: string): boolean {
  return isDeviceName(name) && (!name.includes("%") || /^[^%]*%d[^%]*$/.test(name));
}

const netDevice: Check<LinuxNetDevice> = object(
  {},
  { name: unlessEmpty(textThat(isNameOrTemplate, `${NAME} or a template with one %d`)) },
);

function rejectNames(devices: StringMap<LinuxNetDevice>, pointer: string): void {
  const taken = new Map<string, string>();
  for (const [hostName, { name = hostName }] of Object.entries(devices)) {
    if (!isDeviceName(hostName)) reject(pointer, `found key ${quote(hostName)}, expected ${NAME}`);
    const other = taken.get(name);
    if (other !== undefined && !name.includes("%d")) {
      reject(pointer, `${quote(other)} and ${quote(hostName)} would both be named ${quote(name)}`);
    }
    taken.set(name, hostName);
  }
}

export const netDevices = mapOf(netDevice, rejectNames);
