import { runtimeName } from "./runtime_name.ts";

/**
 * Calls back once all sockets that were ready have been read: what they gave rise to can then leave
 * in one write per connection. The cheapest call that really waits for all of them, as measured
 * (docs/decisions/sockets.md): Deno settles the reads of a turn together, so that a microtask comes
 * behind all of them; Bun empties its microtasks after each socket.
 */
export const afterTurn: (callback: () => void) => void = runtimeName === "deno"
  ? queueMicrotask
  : setImmediate;

/**
 * Calls back once drivers have written what they were given in this turn: some keep it until the turn's
 * microtasks are done, some until the next round of immediates.
 */
export const afterSending: (callback: () => void) => void = setImmediate;
