// Commands that no engine calls all the time, as one part of the executable: each part for itself would take the code
// that it shares with others apart, and every process would pay for the seams.

import { checkpoint } from "./checkpoint.ts";
import { completion } from "./completion.ts";
import { events } from "./events.ts";
import { pause, resume } from "./pause.ts";
import { ps } from "./ps.ts";
import { restore } from "./restore.ts";
import { update } from "./update.ts";

export const RARE = { checkpoint, completion, events, pause, ps, restore, resume, update } as const;
