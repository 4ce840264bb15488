import { clearImmediate, setImmediate } from "node:timers";
import { DenoLoopTurns } from "./deno_loop_turns.ts";
import { runtimeName } from "./runtime_name.ts";

/** Tells of turns of the event loop. */
export interface LoopTurns {
  /**
   * Calls back, in a later turn, once the system was asked again which sockets are ready. One callback
   * at a time: not to be called again before that.
   */
  next(callback: () => void): void;
  /** A callback that is awaited does not come any more. */
  close(): void;
}

/** Takes nothing of the system before it is used. */
export function openLoopTurns(): LoopTurns {
  return runtimeName === "deno" ? new DenoLoopTurns() : new Immediates();
}

/** Bun looks at its sockets before each round of immediates. */
class Immediates implements LoopTurns {
  #immediate: ReturnType<typeof setImmediate> | undefined;

  next(callback: () => void): void {
    this.#immediate = setImmediate(callback);
  }

  close(): void {
    clearImmediate(this.#immediate);
  }
}
