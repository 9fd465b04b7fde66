// runt events: lines of JSON, until the container has ended or, with --stats, one.

import { cgroupOfRunning, containerStats, watchContainer } from "../../container/events.ts";
import { parseInterval } from "../duration.ts";
import { print } from "../environment.ts";
import { formatOom, formatStats } from "../event_format.ts";
import type { Invocation } from "../options.ts";
import type { Session } from "../session.ts";

export function events({ options, operands }: Invocation<"events">, { store }: Session): number {
  const id = operands["container-id"];
  const interval = parseInterval(options.interval);
  if (options.stats) {
    print(formatStats(id, containerStats(store(), id)));
    return 0;
  }
  watchContainer(cgroupOfRunning(store(), id), interval, {
    onStats: (stats) => print(formatStats(id, stats)),
    onOom: () => print(formatOom(id)),
  });
  return 0;
}
