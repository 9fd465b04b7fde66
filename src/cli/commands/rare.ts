// Commands that no engine calls all the time, as one part of the executable: each part for itself would take the code
// that it shares with others apart, and every process would pay for the seams.

import { events } from "./events.ts";
import { pause, resume } from "./pause.ts";
import { ps } from "./ps.ts";
import { update } from "./update.ts";

export const RARE = { events, pause, ps, resume, update } as const;
