import { RequestTurns } from "../http/mod.ts";
import type { LoopTurns } from "../runtime/mod.ts";
import type { RunningServer } from "../server/mod.ts";
import type { Waits } from "./waits.ts";

/**
 * Twice what a worker that was asleep sends for a synchronous call (it asks, brings the result, asks again
 * and sleeps), because some are woken in vain: calls must not hold up the calls behind them.
 */
const PACKETS_OF_CALL = 8;

/** How HTTP and the binary port share the event loop. */
export function shareLoop(
  { traffic }: RunningServer,
  { begun }: Waits,
  loopTurns: LoopTurns,
): RequestTurns {
  return new RequestTurns({
    otherWork: () => packetsOf(traffic) - PACKETS_OF_CALL * begun.sync,
    nextTurn: (callback) => loopTurns.next(callback),
  });
}

/** Packets and lines that the binary port has taken. */
function packetsOf({ received, lines }: RunningServer["traffic"]): number {
  let count = lines;
  for (let type = 0; type < received.length; type++) count += received[type]!;
  return count;
}
