import { setImmediate } from "node:timers";
import type { JobWitness } from "../core/mod.ts";
import { RequestTurns } from "../http/mod.ts";
import type { RunningServer } from "../server/mod.ts";
import type { Waits } from "./waits.ts";

/**
 * Twice what a worker that was asleep sends for a synchronous call (it asks, brings the result, asks again
 * and sleeps), because some are woken in vain: calls must not hold up the calls behind them.
 */
const PACKETS_OF_CALL = 8;

/** How HTTP and the binary port share the event loop, from now to the `end`. */
export function shareLoop(
  server: RunningServer,
  waits: Waits,
): { readonly turns: RequestTurns; end(): void } {
  const turns = new RequestTurns({
    otherWork: () => otherPackets(server.traffic, waits),
    // On Bun what the server sends at the end of a turn waits for an immediate, too.
    afterTurn: (callback) => setImmediate(() => setImmediate(callback)),
    later: (ms, callback) => void server.clock.later(ms, callback),
  });
  return { turns, end: server.watch(new WorkWitness(() => turns.workDone())) };
}

/** Packets and lines of the binary port that calls of HTTP have not caused. */
function otherPackets(
  { received, lines }: RunningServer["traffic"],
  { begun }: Waits,
): number {
  let count = lines - PACKETS_OF_CALL * begun.sync;
  for (let type = 0; type < received.length; type++) count += received[type]!;
  return count;
}

/** Tells of what packets of the binary port mostly do. */
class WorkWitness implements JobWitness {
  readonly submitted: () => void;
  readonly ended: () => void;

  constructor(worked: () => void) {
    this.submitted = worked;
    this.ended = worked;
  }

  refused(): void {}
  queued(): void {}
  assigned(): void {}
  returned(): void {}
  reported(): void {}
}
