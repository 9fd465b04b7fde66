// What few containers have, as one part of the executable: rare fields of config.json, and a creator who is not root.

import { withAdvice } from "./advice.ts";
import { copyUp } from "./copy_up.ts";
import { mapTrees } from "./idmap.ts";
import { moveDevices } from "./net_devices.ts";
import { makeNotifyDirectory, openNotifyProxy } from "./notify_socket.ts";
import { openResctrl, openResctrlUpdate } from "./resctrl.ts";
import { requireRootless } from "./rootless.ts";
import { mapUserIds } from "./user_maps.ts";

export const RARE = {
  copyUp,
  makeNotifyDirectory,
  mapTrees,
  mapUserIds,
  moveDevices,
  openNotifyProxy,
  openResctrl,
  openResctrlUpdate,
  requireRootless,
  withAdvice,
} as const;
